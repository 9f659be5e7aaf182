#include "core/diffusion/losses/diffrop_loss.h"

#include <ATen/ATen.h>

#include <utility>

#include "core/diffusion/losses/noise_distance.h"

namespace tailcast::diffusion {

DiffropLoss::DiffropLoss(const DiffropOptions& options, DiffusionProcess process,
                         const at::Tensor& class_counts, at::Generator rng)
    : options_(options),
      process_(std::move(process)),
      num_classes_(class_counts.size(0)),
      present_(class_counts.nonzero().flatten()),
      rank_(at::searchsorted(present_, at::arange(num_classes_ + 1, present_.options()))),
      rng_(std::move(rng)) {}

at::Tensor DiffropLoss::DrawOtherLabels(const at::Tensor& labels) const {
  const int64_t num_present = present_.size(0);
  // One to P - 1 places further: any of the others, each as likely.
  const auto places_further =
      at::randint(/*low=*/1, /*high=*/num_present, labels.sizes(), rng_, labels.options());  // [B]
  const auto place = rank_.index_select(/*dim=*/0, labels) + places_further;                 // [B]
  return present_.index_select(/*dim=*/0, place.remainder(num_present));
}

LossTerms DiffropLoss::Compute(Denoiser& denoiser, const NoisyBatch& batch) {
  const auto other_labels = DrawOtherLabels(batch.labels);                              // [B]
  const auto predicted = denoiser.forward(batch.noisy, batch.timesteps, batch.labels);  // [B, D]
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
