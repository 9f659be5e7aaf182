#include "core/diffusion/losses/cbdm_loss.h"

#include <ATen/ATen.h>

#include <utility>

#include "core/diffusion/losses/noise_distance.h"

namespace tailcast::diffusion {

CbdmLoss::CbdmLoss(const CbdmOptions& options, DiffusionProcess process,
                   const at::Tensor& class_counts, at::Generator rng)
    : options_(options),
      process_(std::move(process)),
      target_classes_(
          (options.uniform_targets ? class_counts.gt(0) : class_counts).to(at::kDouble)),
      rng_(std::move(rng)) {}

LossTerms CbdmLoss::Compute(Denoiser& denoiser, const NoisyBatch& batch) {
  const auto target_labels = at::multinomial(target_classes_, batch.labels.size(0),
                                             /*replacement=*/true, rng_);               // [B]
  const auto predicted = denoiser.forward(batch.noisy, batch.timesteps, batch.labels);  // [B, D]
  const auto balanced = denoiser.forward(batch.noisy, batch.timesteps, target_labels);  // [B, D]

  const auto has_class = batch.labels.lt(target_classes_.size(0));  // [B]
  const auto share =
      batch.timesteps.to(predicted.scalar_type()) / process_.schedule.num_timesteps();  // [B] t / T
  const auto weight = options_.tau * share * has_class;                                 // [B]
  const auto pull = NoiseDistance(process_, predicted, balanced.detach(), batch.timesteps);  // [B]
  const auto commitment =
      NoiseDistance(process_, predicted.detach(), balanced, batch.timesteps);  // [B]

  return {.denoising = DenoisingError(process_, predicted, batch),
          .regularization = (weight * (pull + options_.commitment_weight * commitment)).mean()};
}

}  // namespace tailcast::diffusion
