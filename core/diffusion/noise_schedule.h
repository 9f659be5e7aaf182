#ifndef TAILCAST_CORE_DIFFUSION_NOISE_SCHEDULE_H_
#define TAILCAST_CORE_DIFFUSION_NOISE_SCHEDULE_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace tailcast::diffusion {

// Betas that grow linearly, as in Ho et al. 2020, section 4
// (https://arxiv.org/abs/2006.11239). The defaults are the paper's values.
struct LinearScheduleOptions {
  // Number of diffusion steps T.
  int64_t num_timesteps = 1000;
  // beta_1, the variance added by the first step.
  double beta_start = 1e-4;
  // beta_T, the variance added by the last step.
  double beta_end = 0.02;
};

// alpha_bar falls as a squared cosine, Nichol and Dhariwal 2021, section 3.2
// (https://arxiv.org/abs/2102.09672). The defaults are the paper's values.
struct CosineScheduleOptions {
  // Number of diffusion steps T.
  int64_t num_timesteps = 1000;
  // s, keeps the first betas from vanishing.
  double offset = 0.008;
  // Largest beta.
  double max_beta = 0.999;
};

// No published schedule has more; keeps a damaged file from asking for memory, and alpha_bar of the
// linear one above 0.
inline constexpr int64_t kMaxTimesteps = 10'000;

// A schedule by name with the papers' values.
struct ScheduleSpec {
  // "linear" or "cosine".
  std::string name = "cosine";
  // [1, kMaxTimesteps]
  int64_t num_timesteps = 1000;
};

// The variances of the forward process
//   q(x_t | x_0) = N(sqrt(alpha_bar_t) x_0, (1 - alpha_bar_t) I).
//
// Immutable, so safe to share between threads. Kept in double precision on the host:
// 1 - alpha_bar_1 = 1e-4 keeps only four digits in single precision.
class NoiseSchedule {
 public:
  static NoiseSchedule Linear(const LinearScheduleOptions& options);
  static NoiseSchedule Cosine(const CosineScheduleOptions& options);
  // INVALID_ARGUMENT names the field, its value and what was expected.
  static absl::StatusOr<NoiseSchedule> Make(const ScheduleSpec& spec);
  // Of numbers computed elsewhere, in single precision for instance. INVALID_ARGUMENT names the
  // first that is not in (0, 1) or not below the one before.
  static absl::StatusOr<NoiseSchedule> FromAlphaBars(std::vector<double> alpha_bars);

  int64_t num_timesteps() const { return static_cast<int64_t>(alpha_bars_.size()); }

  // alpha_bar_t; 1 for t = -1, the clean data. REQUIRES: -1 <= t < num_timesteps().
  double AlphaBar(int64_t t) const;

  // Variance of q(x_s | x_t, x_0) for s = `t_previous` < t: the noise that one
  // DDPM step from t to s adds. REQUIRES: -1 <= t_previous < t < num_timesteps().
  double PosteriorVariance(int64_t t, int64_t t_previous) const;
  // The same from alpha_bar_t and alpha_bar_s. REQUIRES: 0 < alpha_bar < 1,
  // alpha_bar <= alpha_bar_previous <= 1.
  static double PosteriorVarianceOf(double alpha_bar, double alpha_bar_previous);

  // alpha_bar of each timestep. timesteps: [B] int64 in [0, T) -> [B] f64
  at::Tensor AlphaBars(const at::Tensor& timesteps) const;

  // Adds noise: sqrt(alpha_bar_t) clean + sqrt(1 - alpha_bar_t) noise.
  //
  // clean:     [B, D]
  // noise:     [B, D] standard normal
  // timesteps: [B] int64 in [0, T)
  // returns:   [B, D]
  at::Tensor AddNoise(const at::Tensor& clean, const at::Tensor& noise,
                      const at::Tensor& timesteps) const;

 private:
  explicit NoiseSchedule(std::vector<double> alpha_bars) : alpha_bars_(std::move(alpha_bars)) {}

  std::vector<double> alpha_bars_;  // [T]
};

}  // namespace tailcast::diffusion

#endif  // TAILCAST_CORE_DIFFUSION_NOISE_SCHEDULE_H_
