#ifndef TAILCAST_CORE_DIFFUSION_PARAMETERIZATION_H_
#define TAILCAST_CORE_DIFFUSION_PARAMETERIZATION_H_

#include <ATen/core/Tensor.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tailcast::diffusion {

// What a denoiser predicts: eps, x_0, or v = sqrt(alpha_bar) eps - sqrt(1 - alpha_bar) x_0
// (Salimans and Ho 2022, https://arxiv.org/abs/2202.00512).
enum class PredictionType { kNoise, kClean, kVelocity };

// "noise", "clean", "velocity".
absl::string_view PredictionTypeName(PredictionType type);
absl::StatusOr<PredictionType> PredictionTypeFromName(absl::string_view name);

// Clean data and noise that a prediction implies.
struct CleanAndNoise {
  at::Tensor clean;  // [B, D]
  at::Tensor noise;  // [B, D]
};

// Both are linear in what goes in:
//   clean = clean_from_noisy * noisy + clean_from_prediction * prediction
//   noise = noise_from_noisy * noisy + noise_from_prediction * prediction
struct SplitCoefficients {
  double clean_from_noisy;
  double clean_from_prediction;
  double noise_from_noisy;
  double noise_from_prediction;
};

// REQUIRES: alpha_bar in (0, 1).
SplitCoefficients CoefficientsOf(PredictionType type, double alpha_bar);

// prediction, noisy: [B, D] at one timestep whose alpha_bar is in (0, 1)
CleanAndNoise SplitPrediction(PredictionType type, const at::Tensor& prediction,
                              const at::Tensor& noisy, double alpha_bar);

// What a perfect denoiser would predict, as training's target. Coefficients are formed in the type
// of alpha_bar and then rounded to that of the data: 1 - alpha_bar has no digits to lose.
// clean, noise: [B, D]; alpha_bar: [B, 1] f64 -> [B, D] of the type of `clean`
at::Tensor PredictionTarget(PredictionType type, const at::Tensor& clean, const at::Tensor& noise,
                            const at::Tensor& alpha_bar);

// Factor f(alpha_bar) with |difference of noise|^2 = f |difference of predictions|^2 at equal noisy
// rows: 1 for noise, alpha_bar / (1 - alpha_bar) for clean, alpha_bar for velocity.
// alpha_bar: [B] -> [B]
at::Tensor NoiseDistanceFactor(PredictionType type, const at::Tensor& alpha_bar);

}  // namespace tailcast::diffusion

#endif  // TAILCAST_CORE_DIFFUSION_PARAMETERIZATION_H_
