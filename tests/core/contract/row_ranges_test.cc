#include "core/contract/row_ranges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <utility>
#include <vector>

namespace tailcast {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using Ranges = std::vector<std::pair<int64_t, int64_t>>;

constexpr int64_t kRows = 60;

// Maximal runs of rows in [begin, end) that are, or are not, in the set.
Ranges RunsOf(const std::set<int64_t>& rows, bool in_set, int64_t begin, int64_t end) {
  Ranges runs;
  for (int64_t row = begin; row < end; ++row) {
    if (rows.contains(row) != in_set) continue;
    if (!runs.empty() && runs.back().second == row) {
      ++runs.back().second;
    } else {
      runs.emplace_back(row, row + 1);
    }
  }
  return runs;
}

TEST(RowRangesTest, AgreesWithAPlainSetForRandomAdditions) {
  std::mt19937 rng(4);
  for (int round = 0; round < 300; ++round) {
    RowRanges ranges;
    std::set<int64_t> twin;
    for (int step = 0; step < 40; ++step) {
      const int64_t begin = rng() % kRows, end = begin + rng() % 6;
      bool overlaps = false;
      for (int64_t row = begin; row < end; ++row) overlaps |= twin.contains(row);
      const absl::Status status = ranges.Add(begin, end);
      ASSERT_EQ(status.code(), overlaps ? absl::StatusCode::kAlreadyExists : absl::StatusCode::kOk);
      if (!overlaps) {
        for (int64_t row = begin; row < end; ++row) twin.insert(row);
      }
      ASSERT_EQ(ranges.row_count(), static_cast<int64_t>(twin.size()));
      ASSERT_EQ(ranges.ranges(), RunsOf(twin, true, 0, kRows + 10));
      const int64_t low = rng() % kRows, high = low + rng() % kRows;
      ASSERT_EQ(ranges.Missing(low, high), RunsOf(twin, false, low, high));
      ASSERT_EQ(ranges.Contains(low), twin.contains(low));
    }
  }
}

TEST(RowRangesTest, TouchingRangesBecomeOne) {
  RowRanges ranges;
  ASSERT_TRUE(ranges.Add(0, 10).ok());
  ASSERT_TRUE(ranges.Add(20, 30).ok());
  ASSERT_TRUE(ranges.Add(10, 20).ok());
  EXPECT_THAT(ranges.ranges(), ElementsAre(Pair(0, 30)));
}

TEST(RowRangesTest, AnEmptyRangeChangesNothing) {
  RowRanges ranges;
  EXPECT_TRUE(ranges.Add(5, 5).ok());
  EXPECT_THAT(ranges.ranges(), IsEmpty());
  EXPECT_THAT(ranges.Missing(7, 7), IsEmpty());
}

TEST(RowRangesTest, WrongRangesAreRefused) {
  RowRanges ranges;
  EXPECT_EQ(ranges.Add(-1, 5).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ranges.Add(6, 5).code(), absl::StatusCode::kInvalidArgument);
}

TEST(RowRangesTest, RowsUpToTheEndOfInt64AreHeld) {
  constexpr int64_t kMax = INT64_MAX;
  RowRanges ranges;
  ASSERT_TRUE(ranges.Add(kMax - 5, kMax).ok());
  EXPECT_TRUE(ranges.Contains(kMax - 1));
  EXPECT_FALSE(ranges.Contains(kMax));
  EXPECT_THAT(ranges.Missing(kMax - 7, kMax), ElementsAre(Pair(kMax - 7, kMax - 5)));
}

}  // namespace
}  // namespace tailcast
