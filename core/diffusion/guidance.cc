#include "core/diffusion/guidance.h"

#include <ATen/ATen.h>

#include <utility>

namespace tailcast::diffusion {

GuidedDenoiser::GuidedDenoiser(std::shared_ptr<Denoiser> denoiser, const at::Tensor& weights)
    : denoiser_(std::move(denoiser)),
      weights_(at::cat({weights.to(at::kDouble), at::zeros({1}, at::kDouble)})) {}

at::Tensor GuidedDenoiser::Condition(const at::Tensor& timesteps, const at::Tensor& labels) {
  const auto no_class = at::full_like(labels, weights_.size(0) - 1);     // [B]
  const auto conditional = denoiser_->Condition(timesteps, labels);      // [B, C]
  const auto unconditional = denoiser_->Condition(timesteps, no_class);  // [B, C]
  const auto weight =
      weights_.index_select(/*dim=*/0, labels).to(conditional.scalar_type());  // [B]
  return at::cat({conditional, unconditional, weight.unsqueeze(1)}, /*dim=*/1);
}

at::Tensor GuidedDenoiser::Denoise(const at::Tensor& noisy, const at::Tensor& conditioning) {
  const int64_t width = (conditioning.size(1) - 1) / 2;
  const auto weight = conditioning.narrow(/*dim=*/1, 2 * width, 1);  // [B, 1]
  const auto conditional =
      denoiser_->Denoise(noisy, conditioning.narrow(/*dim=*/1, 0, width));  // [B, D]
  const auto unconditional =
      denoiser_->Denoise(noisy, conditioning.narrow(/*dim=*/1, width, width));  // [B, D]
  return conditional + weight * (conditional - unconditional);                  // [B, D]
}

std::shared_ptr<Denoiser> WithGuidance(std::shared_ptr<Denoiser> denoiser,
                                       const at::Tensor& weights) {
  if (!weights.ne(0).any().item<bool>()) return denoiser;
  return std::make_shared<GuidedDenoiser>(std::move(denoiser), weights);
}

}  // namespace tailcast::diffusion
