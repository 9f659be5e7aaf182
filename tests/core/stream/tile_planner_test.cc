#include "core/stream/tile_planner.h"

#include <limits>
#include <numeric>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/stream/streams.h"

namespace tailcast::stream {
namespace {

using ::testing::ElementsAre;

const SamplerSpec kSampler = {};

std::vector<int64_t> Range(int64_t begin, int64_t count) {
  std::vector<int64_t> rows(static_cast<size_t>(count));
  std::iota(rows.begin(), rows.end(), begin);
  return rows;
}

TEST(TilePlannerTest, TakesTheSmallestTileThatHoldsTheRows) {
  const Numerics numerics = NumericsOf(Invariance::kRow, {16, 64, 256});
  const std::vector<std::pair<int64_t, int32_t>> cases = {
      {1, 16}, {16, 16}, {17, 64}, {64, 64}, {65, 256}, {256, 256}, {257, 256}, {1 << 30, 256}};
  for (const auto& [rows, expected] : cases) {
    EXPECT_EQ(TileRowsFor(numerics, rows), expected) << rows << " rows";
  }
}

TEST(TilePlannerTest, AFreeTileHoldsTheFirstOfTheWantedRowsInOrder) {
  const auto stream = StreamOf(kSampler, NumericsOf(Invariance::kRow, {4, 8}));
  const std::vector<int64_t> wanted = {3, 5, 100, 1'000'000};
  const PlannedTile tile = PlanTile(stream, wanted);
  EXPECT_EQ(tile.tile_rows, 4);
  EXPECT_THAT(tile.places, ElementsAre(0, 1, 2, 3));
  ASSERT_EQ(tile.rows.size(), 4);
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(tile.rows[i].sample, stream.plan.At(wanted[i]));
    EXPECT_EQ(tile.rows[i].seed, 42);
  }
  const PlannedTile full = PlanTile(stream, Range(7, 20));
  EXPECT_EQ(full.tile_rows, 8);
  EXPECT_EQ(full.places.size(), 8);
}

TEST(TilePlannerTest, AnAlignedTileHoldsAllItsRowsAndSaysWhichAreWanted) {
  const auto stream = StreamOf(kSampler, NumericsOf(Invariance::kAlignedTile, {8}));
  const PlannedTile tile = PlanTile(stream, {18, 21, 23, 24, 40});
  EXPECT_EQ(tile.tile_rows, 8);
  EXPECT_THAT(tile.places, ElementsAre(2, 5, 7));
  ASSERT_EQ(tile.rows.size(), 8);
  for (int64_t row = 16; row < 24; ++row) {
    EXPECT_EQ(tile.rows[static_cast<size_t>(row - 16)].sample, stream.plan.At(row));
  }
}

TEST(TilePlannerTest, AnAlignedTileDoesNotDependOnWhichOfItsRowsAreWanted) {
  const auto stream = StreamOf(kSampler, NumericsOf(Invariance::kAlignedTile, {8}));
  const auto samples = [](const PlannedTile& tile) {
    std::vector<Sample> list;
    for (const TileRow& row : tile.rows) list.push_back(row.sample);
    return list;
  };
  EXPECT_EQ(samples(PlanTile(stream, {16})), samples(PlanTile(stream, Range(19, 100))));
}

TEST(TilePlannerTest, TheLastTileOfAStreamEndsWithTheStream) {
  // Ordinals of the only class run out: the stream ends early, in the middle of a tile.
  const PlanSpec plan = {
      .class_weights = {{.class_index = 0,
                         .weight = 1,
                         .first_ordinal = std::numeric_limits<int64_t>::max() - 9}}};
  const auto stream = StreamOf(kSampler, NumericsOf(Invariance::kAlignedTile, {8}), plan);
  ASSERT_EQ(stream.plan.end_row(), 10);
  const PlannedTile tile = PlanTile(stream, {8, 9});
  EXPECT_EQ(tile.tile_rows, 8);
  EXPECT_EQ(tile.rows.size(), 2);
  EXPECT_THAT(tile.places, ElementsAre(0, 1));
}

TEST(TilePlannerTest, EveryWantedRowOfARandomListIsPlannedOnce) {
  for (const Invariance invariance : {Invariance::kRow, Invariance::kAlignedTile}) {
    const auto numerics =
        NumericsOf(invariance, invariance == Invariance::kRow ? std::vector<int32_t>{4, 16}
                                                              : std::vector<int32_t>{16});
    const auto stream = StreamOf(kSampler, numerics);
    std::vector<int64_t> wanted;
    for (int64_t row = 5, i = 0; i < 500; ++i, row += 1 + i * i % 13) wanted.push_back(row);
    absl::Span<const int64_t> rest = wanted;
    while (!rest.empty()) {
      const PlannedTile tile = PlanTile(stream, rest);
      ASSERT_FALSE(tile.places.empty());
      ASSERT_LE(tile.rows.size(), static_cast<size_t>(tile.tile_rows));
      for (size_t i = 0; i < tile.places.size(); ++i) {
        const auto place = static_cast<size_t>(tile.places[i]);
        ASSERT_EQ(tile.rows[place].sample, stream.plan.At(rest[i]));
      }
      rest.remove_prefix(tile.places.size());
    }
  }
}

}  // namespace
}  // namespace tailcast::stream
