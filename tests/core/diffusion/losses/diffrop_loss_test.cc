#include "core/diffusion/losses/diffrop_loss.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include "core/diffusion/losses/denoising_loss.h"
#include "tests/fakes/two_answer_denoiser.h"

namespace tailcast::diffusion {
namespace {

constexpr int64_t kClasses = 4;

DiffusionProcess NoiseProcess() { return {NoiseSchedule::Linear({}), PredictionType::kNoise}; }

at::Tensor Rows(std::vector<double> values) {
  return at::tensor(values, at::kDouble).view({-1, 2});
}

NoisyBatch ToyBatch() {
  return {.clean = at::zeros({2, 2}, at::kDouble),
          .noise = Rows({0.1, 0.2, 0.3, 0.4}),
          .noisy = at::zeros({2, 2}, at::kDouble),
          .timesteps = at::tensor({250, 600}, at::kLong),
          .labels = at::tensor({0, 3}, at::kLong)};
}

// Mean square distances 0.1 and 0.5 to the other class.
TwoAnswerDenoiser ToyDenoiser() {
  return {ToyBatch().labels, Rows({0.4, 0.2, 1.0, 0.0}), Rows({0.0, 0.0, 0.0, 0.0})};
}

DiffropLoss ToyLoss(const DiffropOptions& options,
                    const at::Tensor& counts = at::ones({kClasses}, at::kLong)) {
  return {options, NoiseProcess(), counts, at::detail::createCPUGenerator(/*seed=*/7)};
}

double Regularization(const DiffropOptions& options, const NoisyBatch& batch) {
  auto denoiser = ToyDenoiser();
  return ToyLoss(options).Compute(denoiser, batch).regularization.item<double>();
}

TEST(DiffropLossTest, IsTheWeightedHingeOfTheDistance) {
  // 0.75 (0.3 - 0.1) / 2; the second row is farther than the margin.
  EXPECT_NEAR(Regularization({.lambda = 2.0, .margin = 0.3}, ToyBatch()), 2.0 * 0.75 * 0.2 / 2,
              1e-12);
  // Both rows: 0.75 (0.9 - 0.1) and 0.4 (0.9 - 0.5).
  EXPECT_NEAR(Regularization({.lambda = 1.0, .margin = 0.9}, ToyBatch()),
              (0.75 * 0.8 + 0.4 * 0.4) / 2, 1e-12);
}

TEST(DiffropLossTest, PushesThePredictionAwayFromTheOtherClass) {
  auto denoiser = ToyDenoiser();

  ToyLoss({.lambda = 2.0, .margin = 0.3}).Compute(denoiser, ToyBatch()).regularization.backward();

  // -lambda (1 - t / T) / B * 2 (own - other) / D; against it is away from `other` = 0.
  EXPECT_TRUE(at::allclose(denoiser.own.grad()[0], -2.0 * 0.75 / 2 * Rows({0.4, 0.2})[0]));
}

TEST(DiffropLossTest, TheOtherClassFeelsNothing) {
  auto denoiser = ToyDenoiser();

  ToyLoss({.lambda = 2.0, .margin = 5.0}).Compute(denoiser, ToyBatch()).Total().backward();

  EXPECT_FALSE(denoiser.other.grad().defined() &&
               denoiser.other.grad().abs().max().item<double>() > 0.0);
  EXPECT_GT(denoiser.own.grad().abs().min().item<double>(), 0.0);
}

TEST(DiffropLossTest, BeyondTheMarginThereIsNoGradient) {
  auto denoiser = ToyDenoiser();

  const auto terms = ToyLoss({.lambda = 2.0, .margin = 0.3}).Compute(denoiser, ToyBatch());
  terms.regularization.backward();

  EXPECT_EQ(denoiser.own.grad()[1].abs().max().item<double>(), 0.0);
}

TEST(DiffropLossTest, IsStrongestAtTheFirstTimestepAndFallsLinearly) {
  const auto at_time = [](int64_t t) {
    NoisyBatch batch = ToyBatch();
    batch.timesteps = at::full({2}, t, at::kLong);
    return Regularization({.lambda = 1.0, .margin = 1.0}, batch);
  };
  EXPECT_NEAR(at_time(0), (0.9 + 0.5) / 2, 1e-12);
  EXPECT_NEAR(at_time(500), at_time(0) / 2, 1e-12);
  EXPECT_NEAR(at_time(999), at_time(0) / 1000, 1e-12);
}

TEST(DiffropLossTest, DoesNotRegularizeRowsWithoutAClass) {
  NoisyBatch batch = ToyBatch();
  batch.labels = at::full({2}, kClasses, at::kLong);
  TwoAnswerDenoiser denoiser(batch.labels, Rows({0.4, 0.2, 1, 0}), Rows({0, 0, 0, 0}));

  const auto terms = ToyLoss({.lambda = 1.0, .margin = 1.0}).Compute(denoiser, batch);

  EXPECT_EQ(terms.regularization.item<double>(), 0.0);
}

TEST(DiffropLossTest, WithoutLambdaIsTheDenoisingLoss) {
  auto denoiser = ToyDenoiser(), plain = ToyDenoiser();

  EXPECT_EQ(ToyLoss({.lambda = 0.0}).Compute(denoiser, ToyBatch()).Total().item<double>(),
            DenoisingLoss(NoiseProcess()).Compute(plain, ToyBatch()).Total().item<double>());
}

// Shares of 30,000 draws for one label; the deviation of a share is about 0.003. [K]
at::Tensor DrawnShares(int64_t label, const at::Tensor& counts) {
  constexpr int64_t kRows = 30'000;
  const auto labels = at::full({kRows}, label, at::kLong);
  const NoisyBatch batch = {.clean = at::zeros({kRows, 1}),
                            .noise = at::zeros({kRows, 1}),
                            .noisy = at::zeros({kRows, 1}),
                            .timesteps = labels,
                            .labels = labels};
  TwoAnswerDenoiser denoiser(labels, at::zeros({kRows, 1}), at::zeros({kRows, 1}));
  ToyLoss({}, counts).Compute(denoiser, batch);
  return at::bincount(denoiser.asked.at(1), {}, kClasses).to(at::kDouble) / kRows;
}

TEST(DiffropLossTest, DrawsEveryOtherClassAlikeAndNeverTheOwn) {
  const auto shares = DrawnShares(/*label=*/1, at::ones({kClasses}, at::kLong));

  EXPECT_EQ(shares[1].item<double>(), 0.0);
  for (const int64_t other : {0, 2, 3}) EXPECT_NEAR(shares[other].item<double>(), 1.0 / 3, 0.015);
}

TEST(DiffropLossTest, NeverDrawsAClassWithoutRows) {
  const auto counts = at::tensor({3, 0, 50, 1}, at::kLong);
  const double half = 0.5;
  EXPECT_TRUE(at::allclose(DrawnShares(/*label=*/0, counts),
                           at::tensor({0.0, 0.0, half, half}, at::kDouble), 0, 0.015));
  EXPECT_TRUE(at::allclose(DrawnShares(/*label=*/3, counts),
                           at::tensor({half, 0.0, half, 0.0}, at::kDouble), 0, 0.015));
}

}  // namespace
}  // namespace tailcast::diffusion
