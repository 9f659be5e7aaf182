#ifndef TAILCAST_CORE_STREAM_CONDITIONING_H_
#define TAILCAST_CORE_STREAM_CONDITIONING_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "core/diffusion/denoisers/denoiser.h"

namespace tailcast::stream {

// Largest table of conditioning rows: 1000 classes of the default denoiser at 16 steps fit.
inline constexpr int64_t kMaxConditioningBytes = int64_t{80} << 20;

// The conditioning of every (step, class) of one sampler. It does not depend on rows, so it is
// computed once; a table that would be too large is computed anew for each tile. Either way the
// denoiser sees batches of one fixed size, and the bits of (step, class) are the same for every
// tile.
//
// Immutable after construction; safe to share. Throws what LibTorch throws; call it in inference
// mode with one compute thread.
//
// Shapes: B tile rows, C conditioning width, K num_classes.
class Conditioning {
 public:
  // timesteps: of each step, in [0, T). REQUIRES: `denoiser` outlives this.
  Conditioning(diffusion::Denoiser& denoiser, std::vector<int64_t> timesteps, int64_t num_classes,
               int64_t max_table_bytes = kMaxConditioningBytes);

  // Writes into `rows`, which is [B, C] from an earlier call or undefined: pages of a fresh tensor
  // cost more than the copy.
  //
  // labels: [B] int64 in [0, K]; K means "no class"
  void GetRows(int64_t step, const at::Tensor& labels, at::Tensor& rows) const;

  bool has_table() const { return !table_.empty(); }

 private:
  // Any number of labels, in batches of the fixed size. labels: [N] -> [N, C]
  at::Tensor Compute(int64_t timestep, const at::Tensor& labels) const;
  // One batch. labels: [N], N at most the fixed size -> [N, C]
  at::Tensor ComputeBatch(int64_t timestep, const at::Tensor& labels) const;
  // Each label in a batch of its own kind, so that no other can touch it. labels: [N] -> [N, C]
  at::Tensor ComputeAlone(int64_t timestep, const at::Tensor& labels) const;
  // True if the rows of a batch do not depend on their neighbours or places.
  bool RowsAreIndependent() const;

  diffusion::Denoiser& denoiser_;
  const std::vector<int64_t> timesteps_;
  const int64_t num_classes_;
  bool independent_ = false;
  std::vector<at::Tensor> table_;  // of each step [K + 1, C]; empty if it would be too large
};

}  // namespace tailcast::stream

#endif  // TAILCAST_CORE_STREAM_CONDITIONING_H_
