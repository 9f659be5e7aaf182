#ifndef TAILCAST_CORE_TENSOR_NOISE_SOURCE_H_
#define TAILCAST_CORE_TENSOR_NOISE_SOURCE_H_

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace tailcast {

// Source of standard normal noise for the rows of one batch. What a row gets depends only on its
// own counters (DESIGN.md 2), never on the batch it happens to share.
class NoiseSource {
 public:
  virtual ~NoiseSource() = default;

  // step: 0 for the initial noise, s >= 1 for what sampler step s adds; the same step gives the
  // same values returns: [B, D]
  virtual at::Tensor Draw(uint32_t step) = 0;
};

}  // namespace tailcast

#endif  // TAILCAST_CORE_TENSOR_NOISE_SOURCE_H_
