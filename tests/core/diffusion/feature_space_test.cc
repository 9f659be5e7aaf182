#include "core/diffusion/feature_space.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tailcast::diffusion {
namespace {

// Columns: 1..4, never varying, far from zero.
at::Tensor Features() {
  return at::tensor(
             {1.0F, 0.1F, 1000.0F, 2.0F, 0.1F, 1001.0F, 3.0F, 0.1F, 1002.0F, 4.0F, 0.1F, 1003.0F})
      .view({4, 3});
}

TEST(StandardizationTest, TakesMeanAndBiasedDeviationPerDimension) {
  const auto of = Standardization::Of(Features());

  EXPECT_EQ(of.mean.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::allclose(of.mean, at::tensor({2.5F, 0.1F, 1001.5F})));
  EXPECT_FLOAT_EQ(of.standard_deviation[0].item<float>(), std::sqrt(1.25F));
  EXPECT_FLOAT_EQ(of.standard_deviation[2].item<float>(), std::sqrt(1.25F));
}

TEST(StandardizationTest, ADimensionThatNeverVariesIsDividedByOne) {
  const auto of = Standardization::Of(Features());

  EXPECT_EQ(of.standard_deviation[1].item<float>(), 1.0F);
  EXPECT_TRUE(at::equal(of.Standardize(Features()).select(1, 1), at::zeros({4})));
  EXPECT_TRUE(at::equal(of.Restore(at::zeros({4, 3}), false).select(1, 1), at::full({4}, 0.1F)));
}

TEST(StandardizationTest, OneRowIsItsOwnMean) {
  const auto of = Standardization::Of(Features().narrow(0, 1, 1));

  EXPECT_TRUE(at::equal(of.mean, Features()[1]));
  EXPECT_TRUE(at::equal(of.standard_deviation, at::ones({3})));
}

TEST(StandardizationTest, StandardizedFeaturesHaveMeanZeroAndDeviationOne) {
  const auto standardized = Standardization::Of(Features()).Standardize(Features());

  EXPECT_TRUE(at::allclose(standardized.mean(0), at::zeros({3}), 0, 1e-6));
  EXPECT_NEAR(standardized.select(1, 0).square().mean().item<double>(), 1.0, 1e-6);
}

TEST(StandardizationTest, RestoreInvertsStandardize) {
  const auto of = Standardization::Of(Features());

  EXPECT_TRUE(at::allclose(of.Restore(of.Standardize(Features()), false), Features()));
}

TEST(StandardizationTest, RestoreCutsAtZeroOnlyWhereFeaturesAreNonNegative) {
  const auto of = Standardization::Of(Features());
  const auto low = at::full({1, 3}, -3.0F);

  EXPECT_LT(of.Restore(low, /*non_negative=*/false)[0][0].item<float>(), 0.0F);
  EXPECT_EQ(of.Restore(low, /*non_negative=*/true)[0][0].item<float>(), 0.0F);
  EXPECT_GT(of.Restore(low, /*non_negative=*/true)[0][2].item<float>(), 900.0F);
}

// A sum of squares in single precision would lose the deviation.
TEST(StandardizationTest, KeepsTheDeviationOfLargeValues) {
  const auto wide =
      at::full({1000, 1}, 16'000'000.0F) + at::arange(1000).view({1000, 1}).fmod(2) * 2;

  EXPECT_NEAR(Standardization::Of(wide).standard_deviation.item<double>(), 1.0, 1e-6);
}

}  // namespace
}  // namespace tailcast::diffusion
