#ifndef TAILCAST_CORE_TENSOR_NOISE_SOURCE_H_
#define TAILCAST_CORE_TENSOR_NOISE_SOURCE_H_

#include <ATen/core/Tensor.h>

namespace tailcast {

// Source of standard normal noise for the rows of one batch. What a row gets depends only on its
// own counters (DESIGN.md 2), never on the batch it happens to share.
class NoiseSource {
 public:
  virtual ~NoiseSource() = default;

  // returns: [B, D], new values at each call: first the initial noise, then what each sampler step adds
  virtual at::Tensor Draw() = 0;
};

}  // namespace tailcast

#endif  // TAILCAST_CORE_TENSOR_NOISE_SOURCE_H_
