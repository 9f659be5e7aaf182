#ifndef TAILCAST_CORE_STREAM_SAMPLER_PROGRAM_H_
#define TAILCAST_CORE_STREAM_SAMPLER_PROGRAM_H_

#include <cstdint>
#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/contract/plan.h"
#include "core/contract/sampler_spec.h"
#include "core/diffusion/generator.h"

namespace tailcast::stream {

// One row of a tile: whose noise, of which sample.
struct TileRow {
  int64_t seed = 0;
  Sample sample;
};

// A generator with one sampler, ready to run: step coefficients and the conditioning of every
// (step, class) are computed once. Rows of several streams, seeds and plans may share a tile of one
// program. Immutable; any number of threads may run tiles at once, each with one intra-op thread.
class SamplerProgram {
 public:
  // INVALID_ARGUMENT names the field of the spec that is out of range or not served.
  static absl::StatusOr<std::shared_ptr<const SamplerProgram>> Compile(
      std::shared_ptr<const diffusion::Generator> generator, const SamplerSpec& spec);

  virtual ~SamplerProgram() = default;

  // Computes one tile of `tile_rows` rows; those beyond rows.size() are padding. Row i of `out` is
  // the float32 feature of rows[i]. Always the same number of rows goes through the kernels, so
  // that a row has the same bits wherever it stands (proven by ProveNumerics).
  //
  // out: rows.size() * feature_dim floats
  // CANCELLED if `is_cancelled` returns true before an evaluation; INTERNAL for what LibTorch
  // throws. REQUIRES: 1 <= rows.size() <= tile_rows.
  virtual absl::Status RunTile(absl::Span<const TileRow> rows, int32_t tile_rows,
                               absl::FunctionRef<bool()> is_cancelled,
                               absl::Span<float> out) const = 0;

  // The same generator with another sampler. Errors as Compile().
  virtual absl::StatusOr<std::shared_ptr<const SamplerProgram>> WithSampler(
      const SamplerSpec& spec) const = 0;

  virtual int64_t feature_dim() const = 0;
  virtual int64_t num_classes() const = 0;
  virtual const SamplerSpec& spec() const = 0;
  // Floating-point operations of one row.
  virtual double row_flops() const = 0;
};

}  // namespace tailcast::stream

#endif  // TAILCAST_CORE_STREAM_SAMPLER_PROGRAM_H_
