#include "core/diffusion/parameterization.h"

#include <ATen/ATen.h>

#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/quoted.h"

namespace tailcast::diffusion {
namespace {

constexpr PredictionType kTypes[] = {PredictionType::kNoise, PredictionType::kClean,
                                     PredictionType::kVelocity};

}  // namespace

absl::string_view PredictionTypeName(PredictionType type) {
  switch (type) {
    case PredictionType::kNoise:
      return "noise";
    case PredictionType::kClean:
      return "clean";
    case PredictionType::kVelocity:
      return "velocity";
  }
  TORCH_CHECK(false, "unknown prediction type ", static_cast<int>(type));
}

absl::StatusOr<PredictionType> PredictionTypeFromName(absl::string_view name) {
  for (const PredictionType type : kTypes) {
    if (PredictionTypeName(type) == name) return type;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("prediction is ", Quoted(name), "; expected noise, clean or velocity"));
}

SplitCoefficients CoefficientsOf(PredictionType type, double alpha_bar) {
  const double signal = std::sqrt(alpha_bar);
  const double sigma = std::sqrt(1.0 - alpha_bar);
  switch (type) {
    case PredictionType::kNoise:
      return {.clean_from_noisy = 1.0 / signal,
              .clean_from_prediction = -sigma / signal,
              .noise_from_noisy = 0.0,
              .noise_from_prediction = 1.0};
    case PredictionType::kClean:
      return {.clean_from_noisy = 0.0,
              .clean_from_prediction = 1.0,
              .noise_from_noisy = 1.0 / sigma,
              .noise_from_prediction = -signal / sigma};
    case PredictionType::kVelocity:
      return {.clean_from_noisy = signal,
              .clean_from_prediction = -sigma,
              .noise_from_noisy = sigma,
              .noise_from_prediction = signal};
  }
  TORCH_CHECK(false, "unknown prediction type ", static_cast<int>(type));
}

CleanAndNoise SplitPrediction(PredictionType type, const at::Tensor& prediction,
                              const at::Tensor& noisy, double alpha_bar) {
  const SplitCoefficients of = CoefficientsOf(type, alpha_bar);
  return {.clean = of.clean_from_noisy * noisy + of.clean_from_prediction * prediction,
          .noise = of.noise_from_noisy * noisy + of.noise_from_prediction * prediction};
}

at::Tensor PredictionTarget(PredictionType type, const at::Tensor& clean, const at::Tensor& noise,
                            const at::Tensor& alpha_bar) {
  switch (type) {
    case PredictionType::kNoise:
      return noise;
    case PredictionType::kClean:
      return clean;
    case PredictionType::kVelocity: {
      const auto signal = alpha_bar.sqrt().to(clean.scalar_type());         // [B, 1]
      const auto sigma = (1.0 - alpha_bar).sqrt().to(clean.scalar_type());  // [B, 1]
      return signal * noise - sigma * clean;                                // [B, D]
    }
  }
  TORCH_CHECK(false, "unknown prediction type ", static_cast<int>(type));
}

at::Tensor NoiseDistanceFactor(PredictionType type, const at::Tensor& alpha_bar) {
  switch (type) {
    case PredictionType::kNoise:
      return at::ones_like(alpha_bar);
    case PredictionType::kClean:
      return alpha_bar / (1.0 - alpha_bar);
    case PredictionType::kVelocity:
      return alpha_bar;
  }
  TORCH_CHECK(false, "unknown prediction type ", static_cast<int>(type));
}

}  // namespace tailcast::diffusion
