#include "core/diffusion/samplers/ddim_sampler.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"

namespace tailcast::diffusion {

DdimSampler::DdimSampler(const NoiseSchedule& schedule, const DdimOptions& options)
    : prediction_(options.prediction), clip_(options.clip) {
  for (size_t i = 0; i < options.timesteps.size(); ++i) {
    steps_.push_back(MakeStep(schedule, options, i));
  }
}

DdimSampler::Step DdimSampler::MakeStep(const NoiseSchedule& schedule, const DdimOptions& options,
                                        size_t index) {
  const bool is_last = index + 1 == options.timesteps.size();
  const int64_t timestep = options.timesteps[index];
  const double alpha_bar = schedule.AlphaBar(timestep);
  const double next_alpha_bar =
      is_last ? options.final_alpha_bar : schedule.AlphaBar(options.timesteps[index + 1]);
  const double variance = NoiseSchedule::PosteriorVarianceOf(alpha_bar, next_alpha_bar);
  const double sigma = options.eta * std::sqrt(std::max(variance, 0.0));
  const double signal = std::sqrt(next_alpha_bar);
  const double direction = std::sqrt(std::max(1.0 - next_alpha_bar - sigma * sigma, 0.0));
  const SplitCoefficients split = CoefficientsOf(options.prediction, alpha_bar);
  return {.timestep = timestep,
          .alpha_bar = alpha_bar,
          .signal = signal,
          .direction = direction,
          .sigma = sigma,
          .from_noisy = signal * split.clean_from_noisy + direction * split.noise_from_noisy,
          .from_prediction =
              signal * split.clean_from_prediction + direction * split.noise_from_prediction};
}

absl::StatusOr<at::Tensor> DdimSampler::Sample(Evaluator& evaluator, NoiseSource& noise,
                                               absl::FunctionRef<bool()> is_cancelled) const {
  uint32_t number = 0;                    // of the sampler step; 0 is the initial noise
  at::Tensor noisy = noise.Draw(number);  // [B, D]
  for (const Step& step : steps_) {
    ++number;
    if (is_cancelled()) return absl::CancelledError("sampling was cancelled");
    noisy = Mean(step, noisy, evaluator.Evaluate(noisy, step.timestep));
    if (step.sigma > 0.0) noisy.add_(noise.Draw(number).mul(step.sigma));
  }
  return noisy;
}

// Products and sums stay apart, so that each is rounded alike in every place of a batch.
at::Tensor DdimSampler::Mean(const Step& step, const at::Tensor& noisy,
                             const at::Tensor& prediction) const {
  if (clip_ > 0.0) {
    const auto split = SplitPrediction(prediction_, prediction, noisy, step.alpha_bar);
    return split.clean.clamp(-clip_, clip_).mul(step.signal).add_(split.noise.mul(step.direction));
  }
  return noisy.mul(step.from_noisy).add_(prediction.mul(step.from_prediction));  // [B, D]
}

}  // namespace tailcast::diffusion
