#include "core/diffusion/losses/cbdm_loss.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include "core/diffusion/losses/denoising_loss.h"
#include "tests/fakes/two_answer_denoiser.h"

namespace tailcast::diffusion {
namespace {

constexpr int64_t kNoClass = 3;
const at::Tensor& OnlyTheThirdClass() {
  static const auto* counts = new at::Tensor(at::tensor({0, 0, 7}, at::kLong));
  return *counts;
}

DiffusionProcess NoiseProcess() { return {NoiseSchedule::Linear({}), PredictionType::kNoise}; }

at::Tensor Rows(std::vector<double> values) {
  return at::tensor(values, at::kDouble).view({-1, 2});
}

// Two rows whose own classes are 0 and 1; the drawn one is always 2.
NoisyBatch ToyBatch() {
  return {.clean = at::zeros({2, 2}, at::kDouble),
          .noise = Rows({0.1, 0.2, 0.3, 0.4}),
          .noisy = at::zeros({2, 2}, at::kDouble),
          .timesteps = at::tensor({500, 999}, at::kLong),
          .labels = at::tensor({0, 1}, at::kLong)};
}

TwoAnswerDenoiser ToyDenoiser() {
  return {ToyBatch().labels, Rows({0.5, -0.25, 1.0, 2.0}), Rows({0.0, 0.25, 1.5, 1.0})};
}

CbdmLoss ToyLoss(const CbdmOptions& options, const at::Tensor& counts = OnlyTheThirdClass()) {
  return {options, NoiseProcess(), counts, at::detail::createCPUGenerator(/*seed=*/7)};
}

double Regularization(const CbdmOptions& options, const NoisyBatch& batch) {
  auto denoiser = ToyDenoiser();
  return ToyLoss(options).Compute(denoiser, batch).regularization.item<double>();
}

// Expected values: golden_samplers.out, "CBDM toy".
TEST(CbdmLossTest, MeetsTheIndependentImplementation) {
  EXPECT_NEAR(Regularization({.commitment_weight = 0.0}, ToyBatch()), 0.3746875, 1e-12);
  EXPECT_NEAR(Regularization({}, ToyBatch()), 0.468359375, 1e-12);
}

// The stop-gradients of Algorithm 1: the own label's prediction feels the pull alone, the drawn
// label's the commitment alone. Expected values: golden_samplers.out, dL/dh and dL/dh_bal.
TEST(CbdmLossTest, GradientsMeetTheIndependentImplementation) {
  auto denoiser = ToyDenoiser();

  ToyLoss({}).Compute(denoiser, ToyBatch()).regularization.backward();

  EXPECT_TRUE(at::allclose(denoiser.own.grad(), Rows({0.125, -0.125, -0.24975, 0.4995}), 0, 1e-12));
  EXPECT_TRUE(at::allclose(denoiser.other.grad(), Rows({-0.03125, 0.03125, 0.0624375, -0.124875}),
                           0, 1e-12));
}

TEST(CbdmLossTest, WithoutCommitmentTheDrawnLabelFeelsNothing) {
  auto denoiser = ToyDenoiser();

  ToyLoss({.commitment_weight = 0.0}).Compute(denoiser, ToyBatch()).Total().backward();

  EXPECT_EQ(denoiser.other.grad().abs().max().item<double>(), 0.0);
}

TEST(CbdmLossTest, WithoutTauIsTheDenoisingLossWithItsGradient) {
  auto denoiser = ToyDenoiser(), plain = ToyDenoiser();

  const auto terms = ToyLoss({.tau = 0.0}).Compute(denoiser, ToyBatch());
  const auto expected = DenoisingLoss(NoiseProcess()).Compute(plain, ToyBatch());
  terms.Total().backward();
  expected.Total().backward();

  EXPECT_EQ(terms.Total().item<double>(), expected.Total().item<double>());
  EXPECT_TRUE(at::equal(denoiser.own.grad(), plain.own.grad()));
}

TEST(CbdmLossTest, GrowsLinearlyWithTau) {
  EXPECT_NEAR(Regularization({.tau = 0.3}, ToyBatch()),
              0.3 * Regularization({.tau = 1.0}, ToyBatch()), 1e-12);
}

TEST(CbdmLossTest, GrowsLinearlyWithTimeFromNothing) {
  const auto at_time = [](int64_t t) {
    NoisyBatch batch = ToyBatch();
    batch.timesteps = at::full({2}, t, at::kLong);
    return Regularization({}, batch);
  };
  EXPECT_EQ(at_time(0), 0.0);
  EXPECT_NEAR(at_time(800), 2 * at_time(400), 1e-12);
}

TEST(CbdmLossTest, DoesNotRegularizeRowsWithoutAClass) {
  NoisyBatch batch = ToyBatch();
  batch.labels = at::tensor({kNoClass, kNoClass}, at::kLong);
  TwoAnswerDenoiser denoiser(batch.labels, Rows({0.5, -0.25, 1.0, 2.0}), Rows({0, 0.25, 1.5, 1}));
  const auto terms = ToyLoss({}).Compute(denoiser, batch);
  EXPECT_EQ(terms.regularization.item<double>(), 0.0);

  batch.labels = at::tensor({int64_t{0}, kNoClass}, at::kLong);
  EXPECT_NEAR(Regularization({}, batch), 1.25 * 0.5 * 0.25 / 2, 1e-12) << "only the first row";
}

TEST(CbdmLossTest, TheDenoisingTermIsThatOfThePlainLoss) {
  auto denoiser = ToyDenoiser(), plain = ToyDenoiser();

  EXPECT_EQ(ToyLoss({}).Compute(denoiser, ToyBatch()).denoising.item<double>(),
            DenoisingLoss(NoiseProcess()).Compute(plain, ToyBatch()).denoising.item<double>());
}

// Shares of 30,000 drawn labels; their deviation is about 0.003.
at::Tensor DrawnShares(bool uniform) {
  constexpr int64_t kRows = 30'000;
  const auto labels = at::zeros({kRows}, at::kLong);
  const NoisyBatch batch = {.clean = at::zeros({kRows, 1}),
                            .noise = at::zeros({kRows, 1}),
                            .noisy = at::zeros({kRows, 1}),
                            .timesteps = labels,
                            .labels = labels};
  TwoAnswerDenoiser denoiser(labels, at::zeros({kRows, 1}), at::zeros({kRows, 1}));
  ToyLoss({.uniform_targets = uniform}, at::tensor({500, 300, 200, 0}, at::kLong))
      .Compute(denoiser, batch);
  return at::bincount(denoiser.asked.at(1), {}, 4).to(at::kDouble) / kRows;
}

TEST(CbdmLossTest, DrawsTheOtherLabelByClassFrequencyTheOwnOneIncluded) {
  EXPECT_TRUE(at::allclose(DrawnShares(/*uniform=*/false),
                           at::tensor({0.5, 0.3, 0.2, 0.0}, at::kDouble), 0, 0.015));
}

TEST(CbdmLossTest, DrawsTheOtherLabelUniformlyAmongThoseWithRowsIfAsked) {
  const double third = 1.0 / 3;
  EXPECT_TRUE(at::allclose(DrawnShares(/*uniform=*/true),
                           at::tensor({third, third, third, 0.0}, at::kDouble), 0, 0.015));
}

}  // namespace
}  // namespace tailcast::diffusion
