#include "core/contract/shard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

namespace tailcast {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();

// The definition: row i >= origin belongs to shard ((i - origin) / block) mod count.
std::vector<int64_t> RowsByDefinition(const Shard& shard, int64_t start_row, int64_t end_row) {
  std::vector<int64_t> rows;
  for (int64_t row = start_row; row < end_row; ++row) {
    if ((row - shard.origin_row) / shard.block_rows % shard.count == shard.index) {
      rows.push_back(row);
    }
  }
  return rows;
}

std::string ErrorOf(const Shard& shard, int64_t start_row = 0) {
  const absl::Status status = ValidateShard(shard, start_row);
  if (status.ok()) return "no error";
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(ShardTest, RowsMeetTheDefinitionForRandomShards) {
  std::mt19937 rng(3);
  for (int round = 0; round < 300; ++round) {
    Shard shard;
    shard.count = 1 + static_cast<int32_t>(rng() % 7);
    shard.index = static_cast<int32_t>(rng()) % shard.count;
    if (shard.index < 0) shard.index += shard.count;
    shard.block_rows = 1 + rng() % 9;
    shard.origin_row = rng() % 50;
    const int64_t start = shard.origin_row + rng() % 60, end = start + rng() % 200;
    ASSERT_EQ(ErrorOf(shard, start), "no error");
    const auto rows = RowsByDefinition(shard, start, end);
    const ShardRows own(shard, start);
    ASSERT_EQ(own.CountBelow(end), static_cast<int64_t>(rows.size()));
    for (size_t i = 0; i < rows.size(); ++i) {
      ASSERT_EQ(own.RowAt(static_cast<int64_t>(i)), rows[i]);
      ASSERT_EQ(own.CountBelow(rows[i]), static_cast<int64_t>(i));
    }
    ASSERT_GE(own.RowAt(static_cast<int64_t>(rows.size())), end);
  }
}

TEST(ShardTest, ShardsOfOneOriginTakeEachRowOnce) {
  std::vector<int> taken(1000, 0);
  for (int32_t index = 0; index < 6; ++index) {
    const ShardRows rows({.index = index, .count = 6, .block_rows = 7, .origin_row = 5}, 5);
    for (int64_t i = 0; i < rows.CountBelow(1000); ++i) ++taken[static_cast<size_t>(rows.RowAt(i))];
  }
  for (size_t row = 0; row < taken.size(); ++row) EXPECT_EQ(taken[row], row < 5 ? 0 : 1);
}

TEST(ShardTest, OneShardIsEveryRow) {
  const ShardRows rows({}, 17);
  EXPECT_EQ(rows.RowAt(0), 17);
  EXPECT_EQ(rows.RowAt(5000), 5017);
  EXPECT_EQ(rows.CountBelow(5017), 5000);
  EXPECT_EQ(rows.CountBelow(3), 0);
}

TEST(ShardTest, AContinuedShardGoesOnWhereTheFirstPartEnded) {
  const Shard shard = {.index = 2, .count = 3, .block_rows = 10, .origin_row = 4};
  const ShardRows whole(shard, 4);
  for (int64_t done = 0; done < 45; ++done) {
    const ShardRows rest(shard, whole.RowAt(done));
    for (int64_t i = 0; i < 45; ++i) ASSERT_EQ(rest.RowAt(i), whole.RowAt(done + i));
  }
}

TEST(ShardTest, RowsBeyondInt64AreSaturated) {
  const Shard shard = {.index = 1, .count = 2, .block_rows = int64_t{1} << 61};
  const ShardRows rows(shard, 0);
  EXPECT_EQ(rows.RowAt(0), int64_t{1} << 61);
  EXPECT_EQ(rows.RowAt((int64_t{1} << 62) - 1), kMaxInt64);
  EXPECT_EQ(rows.RowAt(int64_t{1} << 62), kMaxInt64);
  EXPECT_EQ(rows.RowAt(kMaxInt64), kMaxInt64);
  EXPECT_EQ(ShardRows({.count = 2}, kMaxInt64 - 1).RowAt(kMaxInt64), kMaxInt64);
  EXPECT_EQ(ShardRows({}, 0).CountBelow(kMaxInt64), kMaxInt64);
}

TEST(ShardTest, RowsReadTogetherAreThoseReadOneByOne) {
  std::mt19937 rng(4);
  for (int round = 0; round < 300; ++round) {
    const auto below = [&rng](int32_t end) { return static_cast<int32_t>(rng() % end); };
    Shard shard;
    shard.count = 1 + below(5);
    shard.index = below(shard.count);
    shard.block_rows = 1 + below(40);
    shard.origin_row = below(50);
    const ShardRows own(shard, shard.origin_row + below(60));
    const int64_t position = below(100);
    std::vector<int64_t> rows(rng() % 200);
    own.ReadRows(position, absl::MakeSpan(rows));
    for (size_t i = 0; i < rows.size(); ++i) {
      ASSERT_EQ(rows[i], own.RowAt(position + static_cast<int64_t>(i))) << i;
    }
  }
}

TEST(ShardTest, RowsReadTogetherAreSaturatedToo) {
  std::vector<int64_t> rows(4);
  ShardRows({}, kMaxInt64 - 2).ReadRows(0, absl::MakeSpan(rows));
  EXPECT_EQ(rows, (std::vector<int64_t>{kMaxInt64 - 2, kMaxInt64 - 1, kMaxInt64, kMaxInt64}));
  ShardRows({.count = 2}, kMaxInt64 - 1).ReadRows(kMaxInt64, absl::MakeSpan(rows));
  EXPECT_EQ(rows, (std::vector<int64_t>(4, kMaxInt64)));
}

TEST(ShardTest, ErrorsNameFieldValueAndRange) {
  EXPECT_THAT(ErrorOf({.count = 0}), HasSubstr("rows.shard.shard_count is 0"));
  EXPECT_THAT(ErrorOf({.index = 3, .count = 3}),
              HasSubstr("rows.shard.shard_index is 3; expected [0, 2]"));
  EXPECT_THAT(ErrorOf({.index = -1}), HasSubstr("rows.shard.shard_index is -1"));
  EXPECT_THAT(ErrorOf({.block_rows = 0}), HasSubstr("rows.shard.block_row_count is 0"));
  EXPECT_THAT(ErrorOf({.origin_row = 11}, /*start_row=*/10),
              HasSubstr("rows.shard.origin_row is 11; expected [0, 10]"));
  EXPECT_THAT(ErrorOf({.origin_row = -1}), HasSubstr("rows.shard.origin_row is -1"));
}

TEST(ShardTest, OneCycleOfBlocksMayFillInt64ButNotMore) {
  EXPECT_EQ(ErrorOf({.count = 1, .block_rows = kMaxInt64}), "no error");
  EXPECT_EQ(ErrorOf({.count = 2, .block_rows = kMaxInt64 / 2}), "no error");
  EXPECT_THAT(ErrorOf({.count = 2, .block_rows = kMaxInt64 / 2 + 1}), HasSubstr("block_row_count"));
}

}  // namespace
}  // namespace tailcast
