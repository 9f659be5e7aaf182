#include "core/diffusion/noise_schedule.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/quoted.h"

namespace tailcast::diffusion {
namespace {

constexpr int64_t kCleanData = -1;

// betas: [T] -> alpha_bars: [T]
std::vector<double> Cumulate(std::vector<double> betas) {
  double alpha_bar = 1.0;
  for (double& value : betas) value = alpha_bar *= 1.0 - value;
  return betas;
}

}  // namespace

NoiseSchedule NoiseSchedule::Linear(const LinearScheduleOptions& options) {
  std::vector<double> betas(options.num_timesteps);
  const double last = static_cast<double>(std::max<int64_t>(options.num_timesteps - 1, 1));
  for (int64_t t = 0; t < options.num_timesteps; ++t) {
    betas[t] = options.beta_start + (options.beta_end - options.beta_start) * (t / last);
  }
  return NoiseSchedule(Cumulate(std::move(betas)));
}

NoiseSchedule NoiseSchedule::Cosine(const CosineScheduleOptions& options) {
  const double num_timesteps = static_cast<double>(options.num_timesteps);
  const auto squared_cosine = [&](double share) {
    const double cosine =
        std::cos((share + options.offset) / (1.0 + options.offset) * std::numbers::pi / 2);
    return cosine * cosine;
  };
  std::vector<double> betas(options.num_timesteps);
  for (int64_t t = 0; t < options.num_timesteps; ++t) {
    const double kept = squared_cosine((t + 1) / num_timesteps) / squared_cosine(t / num_timesteps);
    betas[t] = std::min(1.0 - kept, options.max_beta);
  }
  return NoiseSchedule(Cumulate(std::move(betas)));
}

absl::StatusOr<NoiseSchedule> NoiseSchedule::Make(const ScheduleSpec& spec) {
  if (spec.num_timesteps < 1 || spec.num_timesteps > kMaxTimesteps) {
    return absl::InvalidArgumentError(absl::StrCat("schedule.num_timesteps is ", spec.num_timesteps,
                                                   "; expected a number in [1, ", kMaxTimesteps,
                                                   "]"));
  }
  if (spec.name == "linear") {
    return FromAlphaBars(Linear({.num_timesteps = spec.num_timesteps}).alpha_bars_);
  }
  if (spec.name == "cosine") {
    return FromAlphaBars(Cosine({.num_timesteps = spec.num_timesteps}).alpha_bars_);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("schedule.name is ", Quoted(spec.name), "; expected linear or cosine"));
}

absl::StatusOr<NoiseSchedule> NoiseSchedule::FromAlphaBars(std::vector<double> alpha_bars) {
  double above = 1.0;
  for (size_t t = 0; t < alpha_bars.size(); ++t) {
    if (!(alpha_bars[t] > 0.0 && alpha_bars[t] < above)) {
      return absl::InvalidArgumentError(absl::StrCat("alpha_bar of timestep ", t, " is ",
                                                     alpha_bars[t], "; expected a number in (0, ",
                                                     above, ")"));
    }
    above = alpha_bars[t];
  }
  return NoiseSchedule(std::move(alpha_bars));
}

double NoiseSchedule::AlphaBar(int64_t t) const {
  TORCH_CHECK(t >= kCleanData && t < num_timesteps(), "timestep ", t, " is outside [-1, ",
              num_timesteps(), ")");
  return t == kCleanData ? 1.0 : alpha_bars_[t];
}

double NoiseSchedule::PosteriorVariance(int64_t t, int64_t t_previous) const {
  return PosteriorVarianceOf(AlphaBar(t), AlphaBar(t_previous));
}

double NoiseSchedule::PosteriorVarianceOf(double alpha_bar, double alpha_bar_previous) {
  return (1.0 - alpha_bar_previous) / (1.0 - alpha_bar) * (1.0 - alpha_bar / alpha_bar_previous);
}

at::Tensor NoiseSchedule::AlphaBars(const at::Tensor& timesteps) const {
  return at::tensor(alpha_bars_, at::kDouble).index_select(/*dim=*/0, timesteps);  // [T] -> [B]
}

at::Tensor NoiseSchedule::AddNoise(const at::Tensor& clean, const at::Tensor& noise,
                                   const at::Tensor& timesteps) const {
  const auto alpha_bar = AlphaBars(timesteps).unsqueeze(1);       // [B, 1]
  const auto signal = alpha_bar.sqrt().to(clean.dtype());         // [B, 1]
  const auto sigma = (1.0 - alpha_bar).sqrt().to(clean.dtype());  // [B, 1]
  return signal * clean + sigma * noise;                          // [B, D]
}

}  // namespace tailcast::diffusion
