#ifndef TAILCAST_CORE_TENSOR_NOISE_SOURCE_H_
#define TAILCAST_CORE_TENSOR_NOISE_SOURCE_H_

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace tailcast {

// Source of standard normal noise for the rows of one batch. What a row gets depends only on its
// own counters (DESIGN.md 2), never on the batch it happens to share. Thread-safe.
class NoiseSource {
 public:
  virtual ~NoiseSource() = default;

  // The same values however often it is asked. step: 0 for the initial noise, s >= 1 for what
  // sampler step s adds; returns: [B, D]
  virtual at::Tensor Draw(uint32_t step) = 0;
};

}  // namespace tailcast

#endif  // TAILCAST_CORE_TENSOR_NOISE_SOURCE_H_
