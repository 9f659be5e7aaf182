#ifndef TAILCAST_CORE_DIFFUSION_LOSSES_DIFFUSION_LOSS_H_
#define TAILCAST_CORE_DIFFUSION_LOSSES_DIFFUSION_LOSS_H_

#include <ATen/core/Tensor.h>

#include "core/diffusion/denoisers/denoiser.h"
#include "core/diffusion/noise_schedule.h"
#include "core/diffusion/parameterization.h"

namespace tailcast::diffusion {

// What a denoiser is trained to undo, and in which terms it answers.
struct DiffusionProcess {
  NoiseSchedule schedule;
  PredictionType prediction = PredictionType::kVelocity;
};

// One training batch after the forward process.
struct NoisyBatch {
  at::Tensor clean;      // [B, D] standardized features
  at::Tensor noise;      // [B, D] standard normal
  at::Tensor noisy;      // [B, D] schedule.AddNoise(clean, noise, timesteps)
  at::Tensor timesteps;  // [B] int64 in [0, T)
  at::Tensor labels;     // [B] int64 in [0, K]; K means "no class"
};

// The parts of a loss, kept apart so that each can be logged.
struct LossTerms {
  at::Tensor denoising;       // [] mean square error of the prediction
  at::Tensor regularization;  // [] what the method adds; 0 if nothing

  at::Tensor Total() const { return denoising + regularization; }
};

// An objective for training a denoiser. Takes the denoiser and not its output, because some methods
// evaluate it more than once per batch. Not thread-safe: some draw classes or noise from the
// generator that they were made with.
class DiffusionLoss {
 public:
  virtual ~DiffusionLoss() = default;

  // Leaves gradients to the caller: the terms are part of the graph of `denoiser`'s parameters.
  virtual LossTerms Compute(Denoiser& denoiser, const NoisyBatch& batch) = 0;
};

}  // namespace tailcast::diffusion

#endif  // TAILCAST_CORE_DIFFUSION_LOSSES_DIFFUSION_LOSS_H_
