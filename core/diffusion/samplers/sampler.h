#ifndef TAILCAST_CORE_DIFFUSION_SAMPLERS_SAMPLER_H_
#define TAILCAST_CORE_DIFFUSION_SAMPLERS_SAMPLER_H_

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "core/tensor/noise_source.h"

namespace tailcast::diffusion {

// Answers what the denoiser predicts for the rows of one batch, whose classes it knows.
class Evaluator {
 public:
  virtual ~Evaluator() = default;

  // noisy:   [B, D] at timestep t
  // returns: [B, D] noise, clean data or velocity, as the sampler was told
  virtual at::Tensor Evaluate(const at::Tensor& noisy, int64_t t) = 0;
};

// Turns noise into features by running a denoiser backwards in time.
//
// Stateless between calls, so one sampler serves many threads.
class Sampler {
 public:
  virtual ~Sampler() = default;

  // Draws one feature per row of `noise`.
  //
  // returns: [B, D] standardized, or CANCELLED if `is_cancelled` returns true before a step
  virtual absl::StatusOr<at::Tensor> Sample(Evaluator& evaluator, NoiseSource& noise,
                                            absl::FunctionRef<bool()> is_cancelled) const = 0;
};

}  // namespace tailcast::diffusion

#endif  // TAILCAST_CORE_DIFFUSION_SAMPLERS_SAMPLER_H_
