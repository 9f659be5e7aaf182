#ifndef TAILCAST_CORE_STREAM_TILE_PLANNER_H_
#define TAILCAST_CORE_STREAM_TILE_PLANNER_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "core/stream/numerics.h"
#include "core/stream/resolved_stream.h"
#include "core/stream/sampler_program.h"

namespace tailcast::stream {

// Which rows go through the kernels together. Pure functions, shared by the row generator and the
// server's engine, so that both make the same bytes.
//
// With Invariance::kRow rows may be mixed at will: of several streams of one program, in any order,
// in any proven size of tile. With kAlignedTile a tile is rows [k T, (k + 1) T) of one stream and
// holds no other.

// Adds rows of a stream as a tile takes them. REQUIRES: all in [0, stream.plan.end_row()).
void AppendTileRows(const ResolvedStream& stream, absl::Span<const int64_t> rows,
                    std::vector<TileRow>& tile_rows);

// Smallest proven tile that holds `rows`, or the largest there is. REQUIRES: rows >= 1.
int32_t TileRowsFor(const Numerics& numerics, int64_t rows);

// One tile of one stream.
struct PlannedTile {
  // What goes through the kernels, in place; at most tile_rows.
  std::vector<TileRow> rows;
  int32_t tile_rows = 0;
  // places[i]: index in `rows` of wanted[i]. Its size says how many of the wanted rows the tile
  // holds.
  std::vector<int32_t> places;
};

// The tile that holds as many of the first of `wanted` rows as one tile can.
//
// wanted: rows of the stream, ascending, at least one, all in [0, stream.plan.end_row())
PlannedTile PlanTile(const ResolvedStream& stream, absl::Span<const int64_t> wanted);

}  // namespace tailcast::stream

#endif  // TAILCAST_CORE_STREAM_TILE_PLANNER_H_
