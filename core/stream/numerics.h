#ifndef TAILCAST_CORE_STREAM_NUMERICS_H_
#define TAILCAST_CORE_STREAM_NUMERICS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "core/base/digest.h"
#include "core/contract/address.h"
#include "core/diffusion/generator.h"
#include "core/stream/sampler_program.h"

namespace tailcast::stream {

// Raised whenever any end-to-end golden row changes.
inline constexpr int kEngineRevision = 1;

// How far rows are independent of their tile.
enum class Invariance {
  kRow,          // proven: a row is the same in any tile and place
  kAlignedTile,  // not proven: rows are computed in tiles of aligned rows of one stream
};

// One way to compute, with the extent of its proof.
struct Numerics {
  NumericsFacts facts;
  Digest id;
  Invariance invariance = Invariance::kAlignedTile;
  // Sizes proven equal, ascending; with kAlignedTile exactly one. Other sizes are not used.
  std::vector<int32_t> tile_rows;

  int32_t largest_tile() const { return tile_rows.back(); }
};

// Sizes that the proof tries.
inline constexpr int32_t kCandidateTileRows[] = {16, 64, 256};
// Tile of the fallback.
inline constexpr int32_t kAlignedTileRows = 256;

// Computes probe rows alone, shuffled and among noise, in every candidate tile size, and compares
// bits; with guidance too, whose "no class" half reads its conditioning another way. Deterministic:
// server and command line, release and debug, find the same facts. `program`: the bundle's default
// sampler. CANCELLED if `is_cancelled` returns true before a step; FAILED_PRECONDITION names the
// first probe row that is not finite: such a generator is not to be served; errors as RunTile().
absl::StatusOr<Numerics> ProveNumerics(
    const SamplerProgram& program, absl::FunctionRef<bool()> is_cancelled = [] { return false; });

// What this machine and process contribute to the facts: engine revision, device, instruction set
// as capped by the environment, library versions, compute type. Never the build type.
NumericsFacts PlatformFacts();

}  // namespace tailcast::stream

#endif  // TAILCAST_CORE_STREAM_NUMERICS_H_
