#include "core/diffusion/guidance.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/diffusion/denoisers/make_denoiser.h"
#include "core/diffusion/noise_schedule.h"
#include "core/diffusion/parameterization.h"
#include "tests/fakes/table_denoiser.h"

namespace tailcast::diffusion {
namespace {

// Two classes and "no class".
at::Tensor Table() {
  return at::tensor({1.0, 0.0, 0.0, 2.0, 10.0, 20.0}, at::kDouble).view({3, 2});
}

at::Tensor Answers(const at::Tensor& weights, const at::Tensor& labels) {
  const at::NoGradGuard no_grad;
  GuidedDenoiser guided(std::make_shared<TableDenoiser>(Table()), weights);
  const auto noisy = at::zeros({labels.size(0), 2}, at::kDouble);
  return guided.forward(noisy, at::zeros_like(labels), labels);
}

TEST(GuidanceTest, MovesTheAnswerAwayFromThatWithoutAClass) {
  const auto answers =
      Answers(at::tensor({0.5, -0.25}, at::kDouble), at::tensor({0, 1, 0}, at::kLong));

  // (1, 0) + 0.5 ((1, 0) - (10, 20)), (0, 2) - 0.25 ((0, 2) - (10, 20))
  EXPECT_TRUE(at::allclose(
      answers, at::tensor({-3.5, -10.0, 2.5, 6.5, -3.5, -10.0}, at::kDouble).view({3, 2})));
}

TEST(GuidanceTest, AClassOfWeightZeroAndNoClassKeepTheirBits) {
  const auto answers = Answers(at::tensor({0.0, 0.7}, at::kDouble), at::tensor({0, 2}, at::kLong));

  EXPECT_TRUE(at::equal(answers, Table().index_select(0, at::tensor({0, 2}, at::kLong))));
}

TEST(GuidanceTest, WeightMinusOneIsSamplingWithoutAClass) {
  const auto answers = Answers(at::full({2}, -1.0), at::tensor({0, 1}, at::kLong));

  EXPECT_TRUE(at::allclose(answers, Table()[2].expand({2, 2})));
}

TEST(GuidanceTest, WeightsOfZeroCostNoSecondPass) {
  const auto denoiser = std::make_shared<TableDenoiser>(Table());

  EXPECT_EQ(WithGuidance(denoiser, at::zeros({2})), denoiser);
  EXPECT_EQ(WithGuidance(denoiser, at::full({2}, -0.0)), denoiser);
  EXPECT_NE(WithGuidance(denoiser, at::tensor({0.0, -0.1})), denoiser);
}

TEST(GuidanceTest, CostsTwoPasses) {
  const auto denoiser = MakeDenoiser({}).value();

  EXPECT_EQ(WithGuidance(denoiser, at::ones({10}))->row_multiply_adds(),
            2 * denoiser->row_multiply_adds());
}

// eps + w (eps - eps_uncond) whatever the denoiser predicts.
TEST(GuidanceTest, GuidingVelocitiesGuidesTheNoise) {
  const double alpha_bar = NoiseSchedule::Cosine({}).AlphaBar(600);
  const auto noisy = at::tensor({0.3, -1.2}, at::kDouble).view({1, 2});
  const auto noise_of = [&](PredictionType type, const at::Tensor& prediction) {
    return SplitPrediction(type, prediction, noisy, alpha_bar).noise;
  };
  for (const auto type :
       {PredictionType::kNoise, PredictionType::kClean, PredictionType::kVelocity}) {
    const auto guided = Answers(at::tensor({1.5, 0.0}, at::kDouble), at::tensor({0}, at::kLong));
    const auto conditional = noise_of(type, Table().narrow(0, 0, 1));
    const auto unconditional = noise_of(type, Table().narrow(0, 2, 1));

    EXPECT_TRUE(
        at::allclose(noise_of(type, guided), conditional + 1.5 * (conditional - unconditional)))
        << PredictionTypeName(type);
  }
}

TEST(GuidanceTest, ConditioningIsSeparableToo) {
  const at::NoGradGuard no_grad;
  auto denoiser = MakeDenoiser({}).value();
  auto rng = at::detail::createCPUGenerator(/*seed=*/2);
  for (auto& parameter : denoiser->parameters()) parameter.normal_(0.0, 0.1, rng);
  const auto guided = WithGuidance(denoiser, at::linspace(-0.5, 0.5, 10));
  const auto labels = at::arange(64).remainder(11);
  const auto noisy = at::randn({64, 64}, rng);
  const auto table = guided->Condition(at::full({16}, 77, at::kLong), at::arange(16).clamp_max(10));

  EXPECT_TRUE(at::equal(guided->Denoise(noisy, table.index_select(0, labels)),
                        guided->forward(noisy, at::full({64}, 77, at::kLong), labels)));
}

}  // namespace
}  // namespace tailcast::diffusion
