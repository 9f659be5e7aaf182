#include "core/diffusion/losses/diffrop_loss.h"

#include <ATen/ATen.h>

#include <utility>

#include "core/diffusion/losses/noise_distance.h"

namespace tailcast::diffusion {

DiffropLoss::DiffropLoss(const DiffropOptions& options, DiffusionProcess process,
                         int64_t num_classes, at::Generator rng)
    : options_(options),
      process_(std::move(process)),
      num_classes_(num_classes),
      rng_(std::move(rng)) {}

LossTerms DiffropLoss::Compute(Denoiser& denoiser, const NoisyBatch& batch) {
  // One to K - 1 classes further: any other class, each as likely.
  const auto distance_in_classes =
      at::randint(/*low=*/1, /*high=*/num_classes_, batch.labels.sizes(), rng_,
                  batch.labels.options());                                                 // [B]
  const auto other_labels = (batch.labels + distance_in_classes).remainder(num_classes_);  // [B]
  const auto predicted = denoiser.forward(batch.noisy, batch.timesteps, batch.labels);     // [B, D]
  const auto other = [&] {
    const at::NoGradGuard no_grad;
    return denoiser.forward(batch.noisy, batch.timesteps, other_labels);  // [B, D]
  }();

  const auto has_class = batch.labels.lt(num_classes_);  // [B]
  const auto share =
      batch.timesteps.to(predicted.scalar_type()) / process_.schedule.num_timesteps();  // [B] t / T
  const auto weight = options_.lambda * (1 - share) * has_class;                        // [B]
  const auto distance = NoiseDistance(process_, predicted, other, batch.timesteps);     // [B]
  const auto overlap = (options_.margin - distance).clamp_min(0);                       // [B]

  return {.denoising = DenoisingError(process_, predicted, batch),
          .regularization = (weight * overlap).mean()};
}

}  // namespace tailcast::diffusion
