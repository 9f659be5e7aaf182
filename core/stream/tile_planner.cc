#include "core/stream/tile_planner.h"

#include <algorithm>
#include <numeric>

#include "absl/container/inlined_vector.h"

namespace tailcast::stream {
namespace {

// Rows that may stand anywhere: as many as the largest tile holds.
PlannedTile PlanFreeTile(const ResolvedStream& stream, absl::Span<const int64_t> wanted) {
  PlannedTile tile;
  tile.tile_rows = TileRowsFor(stream.numerics, static_cast<int64_t>(wanted.size()));
  const size_t count = std::min(wanted.size(), static_cast<size_t>(tile.tile_rows));
  AppendTileRows(stream, wanted.first(count), tile.rows);
  tile.places.resize(count);
  std::iota(tile.places.begin(), tile.places.end(), 0);
  return tile;
}

// All rows of the aligned tile of the first wanted row, and which of them are wanted.
PlannedTile PlanAlignedTile(const ResolvedStream& stream, absl::Span<const int64_t> wanted) {
  PlannedTile tile;
  tile.tile_rows = stream.numerics.largest_tile();
  const int64_t begin = wanted[0] / tile.tile_rows * tile.tile_rows;
  const int64_t end = begin + std::min<int64_t>(tile.tile_rows, stream.plan.end_row() - begin);
  std::vector<int64_t> rows(static_cast<size_t>(end - begin));
  std::iota(rows.begin(), rows.end(), begin);
  AppendTileRows(stream, rows, tile.rows);
  for (const int64_t row : wanted) {
    if (row >= end) break;
    tile.places.push_back(static_cast<int32_t>(row - begin));
  }
  return tile;
}

}  // namespace

void AppendTileRows(const ResolvedStream& stream, absl::Span<const int64_t> rows,
                    std::vector<TileRow>& tile_rows) {
  absl::InlinedVector<Sample, kAlignedTileRows> samples(rows.size());
  stream.plan.ReadSamples(rows, absl::MakeSpan(samples));
  for (const Sample& sample : samples) tile_rows.push_back({.seed = stream.seed, .sample = sample});
}

int32_t TileRowsFor(const Numerics& numerics, int64_t rows) {
  for (const int32_t size : numerics.tile_rows) {
    if (size >= rows) return size;
  }
  return numerics.largest_tile();
}

PlannedTile PlanTile(const ResolvedStream& stream, absl::Span<const int64_t> wanted) {
  return stream.numerics.invariance == Invariance::kRow ? PlanFreeTile(stream, wanted)
                                                        : PlanAlignedTile(stream, wanted);
}

}  // namespace tailcast::stream
