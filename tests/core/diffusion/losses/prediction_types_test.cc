#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include "core/diffusion/losses/make_loss.h"
#include "core/diffusion/losses/noise_distance.h"
#include "tests/fakes/two_answer_denoiser.h"

namespace tailcast::diffusion {
namespace {

constexpr PredictionType kTypes[] = {PredictionType::kNoise, PredictionType::kClean,
                                     PredictionType::kVelocity};

at::Tensor Random(uint64_t seed) {
  return at::randn({4, 3}, at::detail::createCPUGenerator(seed), at::TensorOptions(at::kDouble));
}

NoisyBatch MakeBatch(const NoiseSchedule& schedule) {
  const auto timesteps = at::tensor({5, 300, 600, 900}, at::kLong);
  return {.clean = Random(1),
          .noise = Random(2),
          .noisy = schedule.AddNoise(Random(1), Random(2), timesteps),
          .timesteps = timesteps,
          .labels = at::tensor({0, 1, 0, 1}, at::kLong)};
}

// The prediction of each type that implies this noise. noise: [B, D]
at::Tensor Implying(PredictionType type, const at::Tensor& noise, const NoisyBatch& batch,
                    const NoiseSchedule& schedule) {
  const auto alpha_bar = schedule.AlphaBars(batch.timesteps).unsqueeze(1);               // [B, 1]
  const auto clean = (batch.noisy - (1 - alpha_bar).sqrt() * noise) / alpha_bar.sqrt();  // [B, D]
  return PredictionTarget(type, clean, noise, alpha_bar);
}

double Regularization(Objective objective, PredictionType type) {
  const auto schedule = NoiseSchedule::Cosine({});
  const auto batch = MakeBatch(schedule);
  TwoAnswerDenoiser denoiser(batch.labels, Implying(type, Random(3), batch, schedule),
                             Implying(type, Random(4), batch, schedule));
  const ObjectiveSpec spec = {.objective = objective, .diffrop = {.lambda = 1.0, .margin = 9.0}};
  const auto loss = MakeLoss(spec, {schedule, type}, at::tensor({3, 3}, at::kLong),
                             at::detail::createCPUGenerator(/*seed=*/11));
  return loss.value()->Compute(denoiser, batch).regularization.item<double>();
}

// The papers' distances are of predicted noise: what a network predicts must not matter.
TEST(PredictionTypesTest, TheRegularizersSeeTheSameNoiseWhateverIsPredicted) {
  for (const Objective objective : {Objective::kCbdm, Objective::kDiffrop}) {
    const double expected = Regularization(objective, PredictionType::kNoise);
    EXPECT_GT(expected, 0.1);
    for (const PredictionType type : kTypes) {
      EXPECT_NEAR(Regularization(objective, type), expected, 1e-9 * expected)
          << ObjectiveName(objective) << " " << PredictionTypeName(type);
    }
  }
}

TEST(NoiseDistanceTest, IsTheMeanSquareOfTheImpliedNoise) {
  const auto schedule = NoiseSchedule::Cosine({});
  const auto batch = MakeBatch(schedule);
  const auto expected = RowMeanSquare(Random(3), Random(4));  // [B]
  for (const PredictionType type : kTypes) {
    const auto distance =
        NoiseDistance({schedule, type}, Implying(type, Random(3), batch, schedule),
                      Implying(type, Random(4), batch, schedule), batch.timesteps);
    EXPECT_TRUE(at::allclose(distance, expected)) << PredictionTypeName(type);
  }
}

}  // namespace
}  // namespace tailcast::diffusion
