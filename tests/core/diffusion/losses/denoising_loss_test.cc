#include "core/diffusion/losses/denoising_loss.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/diffusion/losses/noise_distance.h"
#include "tests/fakes/table_denoiser.h"

namespace tailcast::diffusion {
namespace {

constexpr PredictionType kTypes[] = {PredictionType::kNoise, PredictionType::kClean,
                                     PredictionType::kVelocity};
constexpr int64_t kBatch = 4, kDim = 3;

NoisyBatch MakeBatch(const NoiseSchedule& schedule) {
  const auto rng = at::detail::createCPUGenerator(/*seed=*/9);
  const auto clean = at::randn({kBatch, kDim}, rng, at::TensorOptions(at::kDouble));
  const auto noise = at::randn({kBatch, kDim}, rng, at::TensorOptions(at::kDouble));
  const auto timesteps = at::tensor({0, 300, 600, 999}, at::kLong);
  return {.clean = clean,
          .noise = noise,
          .noisy = schedule.AddNoise(clean, noise, timesteps),
          .timesteps = timesteps,
          .labels = at::arange(kBatch)};
}

// Row i's target of each type, by the definitions of the papers.
at::Tensor Targets(PredictionType type, const NoisyBatch& batch, const NoiseSchedule& schedule) {
  std::vector<at::Tensor> rows;
  for (int64_t i = 0; i < kBatch; ++i) {
    const double alpha_bar = schedule.AlphaBar(batch.timesteps[i].item<int64_t>());
    const auto velocity =
        std::sqrt(alpha_bar) * batch.noise[i] - std::sqrt(1 - alpha_bar) * batch.clean[i];
    rows.push_back(type == PredictionType::kNoise   ? batch.noise[i]
                   : type == PredictionType::kClean ? batch.clean[i]
                                                    : velocity);
  }
  return at::stack(rows);
}

TEST(DenoisingLossTest, IsZeroForAPerfectDenoiserOfEveryType) {
  const auto schedule = NoiseSchedule::Cosine({});
  const auto batch = MakeBatch(schedule);
  for (const PredictionType type : kTypes) {
    TableDenoiser denoiser(Targets(type, batch, schedule));

    const auto terms = DenoisingLoss({schedule, type}).Compute(denoiser, batch);

    EXPECT_NEAR(terms.Total().item<double>(), 0.0, 1e-20) << PredictionTypeName(type);
  }
}

TEST(DenoisingLossTest, IsThePlainMeanSquareOverAllElements) {
  const auto schedule = NoiseSchedule::Cosine({});
  const auto batch = MakeBatch(schedule);
  for (const PredictionType type : kTypes) {
    const auto errors = at::arange(kBatch * kDim, at::kDouble).view({kBatch, kDim});
    TableDenoiser denoiser(Targets(type, batch, schedule) + errors);

    const auto terms = DenoisingLoss({schedule, type}).Compute(denoiser, batch);
    terms.Total().backward();

    // 0² + ... + 11² = 506; no weight of t, for velocities either.
    EXPECT_NEAR(terms.denoising.item<double>(), 506.0 / 12.0, 1e-9) << PredictionTypeName(type);
    EXPECT_TRUE(at::allclose(denoiser.table.grad(), 2 * errors / 12)) << PredictionTypeName(type);
    EXPECT_EQ(terms.regularization.item<double>(), 0.0);
  }
}

// Without noise the velocity of clean data 1 is -sqrt(1 - alpha_bar), which has four digits left if
// alpha_bar is rounded to single precision first.
TEST(DenoisingLossTest, KeepsEveryDigitOfALittleNoiseInSinglePrecision) {
  const auto schedule = NoiseSchedule::Cosine({});
  for (const int64_t t : {0, 1, 5, 30, 500, 999}) {
    const NoisyBatch batch = {.clean = at::ones({2, 3}),
                              .noise = at::zeros({2, 3}),
                              .noisy = at::zeros({2, 3}),
                              .timesteps = at::full({2}, t, at::kLong),
                              .labels = at::zeros({2}, at::kLong)};
    TableDenoiser denoiser(at::zeros({1, 3}));

    const auto terms =
        DenoisingLoss({schedule, PredictionType::kVelocity}).Compute(denoiser, batch);

    const double expected = 1.0 - schedule.AlphaBar(t);
    EXPECT_NEAR(terms.denoising.item<double>(), expected, 4e-7 * expected) << t;
  }
}

TEST(RowMeanSquareTest, IsOneNumberPerRow) {
  const auto a = at::tensor({1.0, 2.0, 3.0, 4.0}).view({2, 2});
  const auto b = at::tensor({1.0, 0.0, 0.0, 0.0}).view({2, 2});

  EXPECT_TRUE(at::equal(RowMeanSquare(a, b), at::tensor({2.0, 12.5})));
}

}  // namespace
}  // namespace tailcast::diffusion
