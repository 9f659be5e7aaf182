#ifndef TAILCAST_SERVER_ENGINE_TILE_RUNNER_H_
#define TAILCAST_SERVER_ENGINE_TILE_RUNNER_H_

#include <cstdint>
#include <vector>

#include "core/stream/sampler_program.h"
#include "server/engine/fair_queue.h"

namespace tailcast::engine {

// What one tile was.
struct TileOutcome {
  absl::Status status;
  // Rows that went through the kernels, padding included.
  int64_t computed_rows = 0;
};

// Computes tiles and delivers their rows. One per worker: keeps its memory between tiles.
class TileRunner {
 public:
  // Runs the sampler until the rows are there or none of them is wanted any more, and finishes or
  // fails their jobs.
  TileOutcome Run(const Tile& tile);

 private:
  absl::Status RunShared(const Tile& tile, TileOutcome& outcome);
  absl::Status RunAligned(const Tile& tile, TileOutcome& outcome);

  std::vector<stream::TileRow> rows_;
  std::vector<float> features_;
};

}  // namespace tailcast::engine

#endif  // TAILCAST_SERVER_ENGINE_TILE_RUNNER_H_
