#ifndef TAILCAST_TESTS_CORE_STREAM_REFERENCE_ROWS_H_
#define TAILCAST_TESTS_CORE_STREAM_REFERENCE_ROWS_H_

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "core/contract/sampler_spec.h"
#include "core/diffusion/generator.h"
#include "core/random/normals.h"
#include "core/stream/sampler_program.h"

namespace tailcast::stream {

// The slow twin of a sampler program: one row after the other, in float64, written from the papers'
// equations, with the whole denoiser in every step.
class ReferenceSampler {
 public:
  // `denoiser`: of the generator, in float64. REQUIRES: v-prediction, cosine schedule.
  ReferenceSampler(const diffusion::Generator& generator,
                   std::shared_ptr<diffusion::Denoiser> denoiser, SamplerSpec spec)
      : generator_(generator), denoiser_(std::move(denoiser)), spec_(std::move(spec)) {
    const int64_t num_timesteps = generator.spec().schedule.num_timesteps;
    double alpha_bar = 1.0;
    for (int64_t t = 0; t < num_timesteps; ++t) {
      // Nichol and Dhariwal 2021, section 3.2.
      const double ratio = Cosine(static_cast<double>(t + 1) / num_timesteps) /
                           Cosine(static_cast<double>(t) / num_timesteps);
      alpha_bar *= 1.0 - std::min(1.0 - ratio, 0.999);
      alpha_bars_.push_back(alpha_bar);
    }
  }

  std::vector<double> Row(const TileRow& row) const {
    const at::NoGradGuard no_grad;
    at::Tensor noisy = Noise(row, 0);  // [1, D] f64
    const auto num_steps = static_cast<int64_t>(spec_.num_steps);
    for (int64_t step = 0; step < num_steps; ++step) {
      const int64_t t = Timestep(step);
      const double alpha_bar = alpha_bars_[static_cast<size_t>(t)];
      const double next =
          step + 1 == num_steps ? 1.0 : alpha_bars_[static_cast<size_t>(Timestep(step + 1))];
      const at::Tensor velocity = Predict(noisy, t, row.sample.class_index);
      const at::Tensor clean = std::sqrt(alpha_bar) * noisy - std::sqrt(1 - alpha_bar) * velocity;
      const at::Tensor noise = std::sqrt(1 - alpha_bar) * noisy + std::sqrt(alpha_bar) * velocity;
      // Song et al. 2021, equations 12 and 16.
      const double sigma =
          spec_.eta * std::sqrt((1 - next) / (1 - alpha_bar)) * std::sqrt(1 - alpha_bar / next);
      noisy = std::sqrt(next) * clean + std::sqrt(1 - next - sigma * sigma) * noise;
      if (sigma > 0) noisy = noisy + sigma * Noise(row, static_cast<uint32_t>(step) + 1);
    }
    return Restore(noisy);
  }

 private:
  static double Cosine(double u) {
    const double value = std::cos((u + 0.008) / 1.008 * std::numbers::pi / 2);
    return value * value;
  }

  // Trailing: round_half_even(T - i T / N) - 1.
  int64_t Timestep(int64_t step) const {
    const double total = static_cast<double>(alpha_bars_.size());
    return static_cast<int64_t>(std::nearbyint(total - step * total / spec_.num_steps)) - 1;
  }

  at::Tensor Noise(const TileRow& row, uint32_t step) const {
    std::vector<float> noise(static_cast<size_t>(generator_.feature_dim()));
    FillNoise({.seed = row.seed,
               .class_index = row.sample.class_index,
               .ordinal = row.sample.ordinal,
               .step = step},
              absl::MakeSpan(noise));
    return at::tensor(noise).to(at::kDouble).unsqueeze(0);
  }

  at::Tensor Predict(const at::Tensor& noisy, int64_t t, int64_t class_index) const {
    const auto at_label = [&](int64_t label) {
      return denoiser_->forward(noisy, at::full({1}, t, at::kLong),
                                at::full({1}, label, at::kLong));
    };
    const double weight = GuidanceWeightOf(spec_, static_cast<int32_t>(class_index));
    const at::Tensor conditional = at_label(class_index);
    if (weight == 0.0) return conditional;
    return conditional + weight * (conditional - at_label(generator_.num_classes()));
  }

  std::vector<double> Restore(const at::Tensor& standardized) const {
    const auto& standardization = generator_.standardization();
    std::vector<double> row;
    for (int64_t d = 0; d < generator_.feature_dim(); ++d) {
      const double value =
          standardized[0][d].item<double>() * standardization.standard_deviation[d].item<double>() +
          standardization.mean[d].item<double>();
      row.push_back(generator_.spec().non_negative ? std::max(value, 0.0) : value);
    }
    return row;
  }

  const diffusion::Generator& generator_;
  const std::shared_ptr<diffusion::Denoiser> denoiser_;
  const SamplerSpec spec_;
  std::vector<double> alpha_bars_;
};

}  // namespace tailcast::stream

#endif  // TAILCAST_TESTS_CORE_STREAM_REFERENCE_ROWS_H_
