#include "core/diffusion/samplers/ddim_sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/fakes/fake_evaluators.h"
#include "tests/fakes/scripted_noise.h"

namespace tailcast::diffusion {
namespace {

constexpr int64_t kBatch = 4, kDim = 6;
constexpr auto kNeverCancelled = [] { return false; };
constexpr PredictionType kTypes[] = {PredictionType::kNoise, PredictionType::kClean,
                                     PredictionType::kVelocity};

at::Tensor Ramp() {
  return at::arange(kBatch * kDim, at::kDouble).div(kBatch * kDim).view({kBatch, kDim});
}

at::Tensor Row(double first, double second) {
  return at::tensor({first, second}, at::kDouble).view({1, 2});
}

TEST(DdimSamplerTest, RecoversCleanDataFromAPerfectDenoiser) {
  const auto clean = Ramp() - 0.5;
  for (const auto& schedule : {NoiseSchedule::Linear({}), NoiseSchedule::Cosine({})}) {
    for (const PredictionType type : kTypes) {
      for (const double eta : {0.0, 0.5, 1.0}) {
        FunctionEvaluator evaluator(OracleModel(type, schedule, clean));
        ScriptedNoise noise({at::ones({kBatch, kDim}, at::kDouble), -Ramp(), 2 * Ramp()});
        const DdimSampler sampler(
            schedule, {.timesteps = {950, 700, 333, 20}, .prediction = type, .eta = eta});

        const auto features = sampler.Sample(evaluator, noise, kNeverCancelled);

        ASSERT_TRUE(features.ok());
        EXPECT_TRUE(at::allclose(*features, clean, /*rtol=*/0, /*atol=*/1e-9))
            << PredictionTypeName(type) << " eta " << eta;
      }
    }
  }
}

// With predicted noise (1, 0), no clean data and fresh noise (0, 1) one step shows its two
// coefficients: x = (direction, sigma).
TEST(DdimSamplerTest, AddsFreshNoiseInProportionToEta) {
  const auto schedule = NoiseSchedule::Linear({});
  const double initial = std::sqrt(1.0 - schedule.AlphaBar(500));
  for (const PredictionType type : kTypes) {
    for (const double eta : {0.0, 0.5, 1.0}) {
      FunctionEvaluator evaluator(OracleModel(type, schedule, at::zeros({1, 2}, at::kDouble)));
      ScriptedNoise noise({Row(initial, 0.0), Row(0.0, 1.0)});
      const DdimSampler sampler(schedule,
                                {.timesteps = {500, 100}, .prediction = type, .eta = eta});

      ASSERT_TRUE(sampler.Sample(evaluator, noise, kNeverCancelled).ok());

      const double sigma = eta * std::sqrt(schedule.PosteriorVariance(500, 100));
      const double direction = std::sqrt(1.0 - schedule.AlphaBar(100) - sigma * sigma);
      ASSERT_EQ(evaluator.asked.size(), 2U);
      EXPECT_TRUE(at::allclose(evaluator.asked[1], Row(direction, sigma)))
          << PredictionTypeName(type) << " eta " << eta;
    }
  }
}

// With predicted clean data (1, 0) and predicted noise (0, 1) one step shows the other two.
TEST(DdimSamplerTest, MixesCleanDataAndNoiseByTheNextAlphaBar) {
  const auto schedule = NoiseSchedule::Cosine({});
  const double alpha_bar = schedule.AlphaBar(600);
  const auto noisy = Row(std::sqrt(alpha_bar), std::sqrt(1.0 - alpha_bar));
  for (const PredictionType type : kTypes) {
    FunctionEvaluator evaluator(OracleModel(type, schedule, Row(1.0, 0.0)));
    ScriptedNoise noise({noisy});
    const DdimSampler sampler(schedule, {.timesteps = {600, 250}, .prediction = type});

    ASSERT_TRUE(sampler.Sample(evaluator, noise, kNeverCancelled).ok());

    const double next = schedule.AlphaBar(250);
    EXPECT_TRUE(at::allclose(evaluator.asked[1], Row(std::sqrt(next), std::sqrt(1.0 - next))))
        << PredictionTypeName(type);
  }
}

TEST(DdimSamplerTest, AsksAtItsTimestepsInOrder) {
  const std::vector<int64_t> timesteps = {999, 500, 3};
  FunctionEvaluator evaluator(RampModel);
  ScriptedNoise noise({Ramp()});

  ASSERT_TRUE(DdimSampler(NoiseSchedule::Linear({}), {.timesteps = timesteps})
                  .Sample(evaluator, noise, kNeverCancelled)
                  .ok());

  EXPECT_EQ(evaluator.timesteps, timesteps);
}

TEST(DdimSamplerTest, DrawsOnceWithoutEtaAndOncePerStepButTheLastWithIt) {
  const std::vector<uint32_t> initial = {0}, all_but_the_last = {0, 1, 2, 3};
  for (const auto& [eta, steps] : {std::pair(0.0, initial), std::pair(0.3, all_but_the_last)}) {
    FunctionEvaluator evaluator(RampModel);
    ScriptedNoise noise({Ramp()});

    ASSERT_TRUE(
        DdimSampler(NoiseSchedule::Linear({}), {.timesteps = {900, 600, 300, 0}, .eta = eta})
            .Sample(evaluator, noise, kNeverCancelled)
            .ok());

    EXPECT_EQ(noise.steps, steps) << "eta " << eta;
  }
}

// The smallest eta there is gives a sigma of 0 where half the posterior's deviation is more than
// it.
TEST(DdimSamplerTest, AStepWithoutNoiseLeavesTheNoiseOfTheNextOnes) {
  const auto schedule = NoiseSchedule::Linear({});
  ASSERT_LT(schedule.PosteriorVariance(900, 890), 0.24);
  ASSERT_GT(schedule.PosteriorVariance(890, 500), 0.26);
  FunctionEvaluator evaluator(RampModel);
  ScriptedNoise noise({Ramp()});

  ASSERT_TRUE(DdimSampler(schedule, {.timesteps = {900, 890, 500},
                                     .eta = std::numeric_limits<double>::denorm_min()})
                  .Sample(evaluator, noise, kNeverCancelled)
                  .ok());

  EXPECT_EQ(noise.steps, (std::vector<uint32_t>{0, 2}));
}

TEST(DdimSamplerTest, ClipsThePredictedFeature) {
  const auto schedule = NoiseSchedule::Linear({});
  const auto tens = at::full({kBatch, kDim}, 10.0, at::kDouble);
  const auto sample = [&](double clip) {
    FunctionEvaluator evaluator([](const at::Tensor& noisy, int64_t) { return -noisy; });
    ScriptedNoise noise({tens});
    return DdimSampler(schedule,
                       {.timesteps = {0}, .prediction = PredictionType::kClean, .clip = clip})
        .Sample(evaluator, noise, kNeverCancelled)
        .value();
  };

  EXPECT_TRUE(at::equal(sample(/*clip=*/1.5), at::full_like(tens, -1.5)));
  EXPECT_TRUE(at::equal(sample(/*clip=*/0.0), -tens));
}

// As diffusers does by default: the noise is that of the prediction before it was cut.
TEST(DdimSamplerTest, ClippingLeavesThePredictedNoise) {
  const auto schedule = NoiseSchedule::Linear({});
  FunctionEvaluator evaluator(OracleModel(PredictionType::kVelocity, schedule, Row(3.0, 0.0)));
  const double alpha_bar = schedule.AlphaBar(400);
  ScriptedNoise noise({Row(3.0 * std::sqrt(alpha_bar), std::sqrt(1.0 - alpha_bar))});

  ASSERT_TRUE(DdimSampler(schedule, {.timesteps = {400, 200}, .clip = 1.0})
                  .Sample(evaluator, noise, kNeverCancelled)
                  .ok());

  const double next = schedule.AlphaBar(200);
  EXPECT_TRUE(at::allclose(evaluator.asked[1], Row(std::sqrt(next), std::sqrt(1.0 - next))));
}

TEST(DdimSamplerTest, ClippingBeyondTheDataChangesNothing) {
  const auto schedule = NoiseSchedule::Cosine({});
  for (const PredictionType type : kTypes) {
    const auto sample = [&](double clip) {
      FunctionEvaluator evaluator(OracleModel(type, schedule, Ramp()));
      ScriptedNoise noise({Ramp() - 0.5});
      return DdimSampler(
                 schedule,
                 {.timesteps = {900, 400, 100}, .prediction = type, .eta = 0.4, .clip = clip})
          .Sample(evaluator, noise, kNeverCancelled)
          .value();
    };
    EXPECT_TRUE(at::allclose(sample(100.0), sample(0.0), /*rtol=*/1e-9, /*atol=*/1e-9));
  }
}

TEST(DdimSamplerTest, EndsAtTheFinalAlphaBar) {
  const auto schedule = NoiseSchedule::Linear({});
  FunctionEvaluator evaluator(OracleModel(PredictionType::kNoise, schedule, Row(1.0, 0.0)));
  const double alpha_bar = schedule.AlphaBar(300);
  ScriptedNoise noise({Row(std::sqrt(alpha_bar), std::sqrt(1.0 - alpha_bar))});

  const auto features = DdimSampler(schedule, {.timesteps = {300},
                                               .prediction = PredictionType::kNoise,
                                               .final_alpha_bar = 0.64})
                            .Sample(evaluator, noise, kNeverCancelled);

  EXPECT_TRUE(at::allclose(*features, Row(0.8, 0.6)));
}

TEST(DdimSamplerTest, StopsBeforeTheNextStepWhenCancelled) {
  FunctionEvaluator evaluator(RampModel);
  ScriptedNoise noise({Ramp()});
  int asked = 0;

  const auto features = DdimSampler(NoiseSchedule::Linear({}), {.timesteps = {900, 600, 300, 0}})
                            .Sample(evaluator, noise, [&asked] { return ++asked > 2; });

  EXPECT_EQ(features.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(evaluator.asked.size(), 2U);
}

}  // namespace
}  // namespace tailcast::diffusion
