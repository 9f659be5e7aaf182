#include "core/diffusion/feature_space.h"

#include <ATen/ATen.h>

namespace tailcast::diffusion {

Standardization Standardization::Of(const at::Tensor& features) {
  const auto exact = features.to(at::kDouble);  // [N, D]
  const auto mean = exact.mean(/*dim=*/0);      // [D]
  const auto deviation =
      (exact - mean).square().mean(/*dim=*/0).sqrt().to(at::kFloat);  // [D]; 0 if it never varies
  return {.mean = mean.to(at::kFloat),
          .standard_deviation = at::where(deviation > 0, deviation, at::ones_like(deviation))};
}

at::Tensor Standardization::Standardize(const at::Tensor& features) const {
  return (features - mean) / standard_deviation;  // [N, D]
}

at::Tensor Standardization::Restore(const at::Tensor& standardized, bool non_negative) const {
  const auto features = standardized * standard_deviation + mean;  // [N, D]
  return non_negative ? features.clamp_min(0) : features;
}

}  // namespace tailcast::diffusion
