#ifndef TAILCAST_TESTS_FAKES_FAKE_EVALUATORS_H_
#define TAILCAST_TESTS_FAKES_FAKE_EVALUATORS_H_

#include <ATen/ATen.h>

#include <functional>
#include <utility>
#include <vector>

#include "core/diffusion/noise_schedule.h"
#include "core/diffusion/parameterization.h"
#include "core/diffusion/samplers/sampler.h"

namespace tailcast::diffusion {

// Answers what a function says and keeps what it was asked, so that tests can look between two
// steps.
class FunctionEvaluator final : public Evaluator {
 public:
  using Function = std::function<at::Tensor(const at::Tensor& noisy, int64_t t)>;
  explicit FunctionEvaluator(Function function) : function_(std::move(function)) {}

  at::Tensor Evaluate(const at::Tensor& noisy, int64_t t) override {
    asked.push_back(noisy.clone());
    timesteps.push_back(t);
    return function_(noisy, t);
  }

  std::vector<at::Tensor> asked;
  std::vector<int64_t> timesteps;

 private:
  const Function function_;
};

// noisy t / (t + 1): the model of the diffusers scheduler tests.
inline at::Tensor RampModel(const at::Tensor& noisy, int64_t t) {
  return noisy * (static_cast<double>(t) / static_cast<double>(t + 1));
}

// 0.7 noisy / (1 + 0.001 t): a model of clean data.
inline at::Tensor ShrinkingModel(const at::Tensor& noisy, int64_t t) {
  return noisy * (0.7 / (1.0 + 0.001 * static_cast<double>(t)));
}

// A perfect denoiser for data that is always `clean`.
inline FunctionEvaluator::Function OracleModel(PredictionType type, NoiseSchedule schedule,
                                               at::Tensor clean) {
  return [type, schedule, clean](const at::Tensor& noisy, int64_t t) {
    const auto alpha_bar = at::full({1, 1}, schedule.AlphaBar(t), noisy.options());  // [1, 1]
    const auto noise = (noisy - alpha_bar.sqrt() * clean) / (1 - alpha_bar).sqrt();  // [B, D]
    return PredictionTarget(type, clean.to(noisy.dtype()), noise, alpha_bar);
  };
}

}  // namespace tailcast::diffusion

#endif  // TAILCAST_TESTS_FAKES_FAKE_EVALUATORS_H_
