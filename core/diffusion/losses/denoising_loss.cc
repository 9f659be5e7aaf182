#include "core/diffusion/losses/denoising_loss.h"

#include <ATen/ATen.h>

#include "core/diffusion/losses/noise_distance.h"

namespace tailcast::diffusion {

LossTerms DenoisingLoss::Compute(Denoiser& denoiser, const NoisyBatch& batch) {
  const auto predicted = denoiser.forward(batch.noisy, batch.timesteps, batch.labels);  // [B, D]
  const auto error = DenoisingError(process_, predicted, batch);
  return {.denoising = error, .regularization = at::zeros_like(error)};
}

}  // namespace tailcast::diffusion
