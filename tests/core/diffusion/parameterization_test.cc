#include "core/diffusion/parameterization.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/diffusion/noise_schedule.h"

namespace tailcast::diffusion {
namespace {

constexpr PredictionType kTypes[] = {PredictionType::kNoise, PredictionType::kClean,
                                     PredictionType::kVelocity};
constexpr double kAlphaBars[] = {0.9999, 0.64, 0.5, 0.0784, 2.4e-9};

struct Rows {
  at::Tensor clean, noise, noisy, alpha_bar;
};

Rows MakeRows(double alpha_bar) {
  const auto rng = at::detail::createCPUGenerator(/*seed=*/1);
  const auto clean = at::randn({5, 3}, rng, at::TensorOptions(at::kDouble));
  const auto noise = at::randn({5, 3}, rng, at::TensorOptions(at::kDouble));
  return {.clean = clean,
          .noise = noise,
          .noisy = std::sqrt(alpha_bar) * clean + std::sqrt(1 - alpha_bar) * noise,
          .alpha_bar = at::full({5, 1}, alpha_bar, at::kDouble)};
}

TEST(ParameterizationTest, NamesAreReadBack) {
  for (const PredictionType type : kTypes) {
    EXPECT_EQ(PredictionTypeFromName(PredictionTypeName(type)).value(), type);
  }
  EXPECT_EQ(PredictionTypeFromName("v").status().message(),
            "prediction is 'v'; expected noise, clean or velocity");
}

TEST(ParameterizationTest, TargetsAreThePapersDefinitions) {
  const Rows rows = MakeRows(0.64);
  const auto target = [&](PredictionType type) {
    return PredictionTarget(type, rows.clean, rows.noise, rows.alpha_bar);
  };
  EXPECT_TRUE(at::equal(target(PredictionType::kNoise), rows.noise));
  EXPECT_TRUE(at::equal(target(PredictionType::kClean), rows.clean));
  EXPECT_TRUE(at::allclose(target(PredictionType::kVelocity), 0.8 * rows.noise - 0.6 * rows.clean));
}

TEST(ParameterizationTest, SplittingATargetGivesCleanDataAndNoiseBack) {
  for (const double alpha_bar : kAlphaBars) {
    const Rows rows = MakeRows(alpha_bar);
    for (const PredictionType type : kTypes) {
      const auto target = PredictionTarget(type, rows.clean, rows.noise, rows.alpha_bar);
      const auto split = SplitPrediction(type, target, rows.noisy, alpha_bar);
      // Noise says little of clean data where alpha_bar is tiny, and the reverse.
      const double tolerance = 1e-15 / std::sqrt(std::min(alpha_bar, 1 - alpha_bar)) * 10;
      EXPECT_TRUE(at::allclose(split.clean, rows.clean, 0, tolerance))
          << PredictionTypeName(type) << " " << alpha_bar;
      EXPECT_TRUE(at::allclose(split.noise, rows.noise, 0, tolerance))
          << PredictionTypeName(type) << " " << alpha_bar;
    }
  }
}

TEST(ParameterizationTest, AnyPredictionSplitsIntoPartsThatMixToTheNoisyRow) {
  for (const double alpha_bar : {0.9, 0.3}) {
    const Rows rows = MakeRows(alpha_bar);
    const auto anything = at::sin(at::arange(15, at::kDouble)).view({5, 3});
    for (const PredictionType type : kTypes) {
      const auto split = SplitPrediction(type, anything, rows.noisy, alpha_bar);
      const auto mixed =
          std::sqrt(alpha_bar) * split.clean + std::sqrt(1 - alpha_bar) * split.noise;
      EXPECT_TRUE(at::allclose(mixed, rows.noisy)) << PredictionTypeName(type);
      const auto again = PredictionTarget(type, split.clean, split.noise, rows.alpha_bar);
      EXPECT_TRUE(at::allclose(again, anything)) << PredictionTypeName(type);
    }
  }
}

TEST(ParameterizationTest, TargetsInSinglePrecisionAreThoseOfDoublePrecision) {
  for (const double alpha_bar : kAlphaBars) {
    const Rows rows = MakeRows(alpha_bar);
    const auto clean = rows.clean.to(at::kFloat), noise = rows.noise.to(at::kFloat);
    for (const PredictionType type : kTypes) {
      const auto target = PredictionTarget(type, clean, noise, rows.alpha_bar);
      const auto twin =
          PredictionTarget(type, clean.to(at::kDouble), noise.to(at::kDouble), rows.alpha_bar);
      EXPECT_EQ(target.scalar_type(), at::kFloat);
      EXPECT_TRUE(at::allclose(target.to(at::kDouble), twin, /*rtol=*/0, /*atol=*/4e-7))
          << PredictionTypeName(type) << " " << alpha_bar;
    }
  }
}

// Guidance is defined on noise: eps + w (eps - eps_uncond).
TEST(ParameterizationTest, GuidingAnyPredictionGuidesTheNoise) {
  const Rows rows = MakeRows(0.3);
  const auto conditional = at::sin(at::arange(15, at::kDouble)).view({5, 3});
  const auto unconditional = at::cos(at::arange(15, at::kDouble)).view({5, 3});
  const auto guided = [](const at::Tensor& with, const at::Tensor& without) {
    return at::Tensor(with + 1.5 * (with - without));
  };
  for (const PredictionType type : kTypes) {
    const auto noise_of = [&](const at::Tensor& prediction) {
      return SplitPrediction(type, prediction, rows.noisy, 0.3).noise;
    };
    EXPECT_TRUE(at::allclose(noise_of(guided(conditional, unconditional)),
                             guided(noise_of(conditional), noise_of(unconditional))))
        << PredictionTypeName(type);
  }
}

TEST(ParameterizationTest, VelocityTurnsTheNoisyRowByAQuarter) {
  const Rows rows = MakeRows(0.3);
  const auto velocity =
      PredictionTarget(PredictionType::kVelocity, rows.clean, rows.noise, rows.alpha_bar);

  EXPECT_TRUE(at::allclose(velocity.square() + rows.noisy.square(),
                           rows.clean.square() + rows.noise.square()));
}

TEST(ParameterizationTest, NoiseDistanceFactorConvertsSquaredDifferences) {
  for (const double alpha_bar : kAlphaBars) {
    const Rows rows = MakeRows(alpha_bar);
    const auto first = at::sin(at::arange(15, at::kDouble)).view({5, 3});
    const auto second = at::cos(at::arange(15, at::kDouble)).view({5, 3});
    for (const PredictionType type : kTypes) {
      const auto noise_difference =
          SplitPrediction(type, first, rows.noisy, alpha_bar).noise -
          SplitPrediction(type, second, rows.noisy, alpha_bar).noise;            // [5, 3]
      const auto factor = NoiseDistanceFactor(type, rows.alpha_bar.squeeze(1));  // [5]

      EXPECT_TRUE(at::allclose(noise_difference.square().sum(1),
                               factor * (first - second).square().sum(1), /*rtol=*/1e-6))
          << PredictionTypeName(type) << " " << alpha_bar;
    }
  }
}

// Linear schedule, derived by hand: alpha_bar / (1 - alpha_bar).
TEST(ParameterizationTest, NoiseDistanceFactorOfCleanDataIsTheSignalToNoiseRatio) {
  const auto alpha_bars =
      NoiseSchedule::Linear({}).AlphaBars(at::tensor({10, 100, 500, 999}, at::kLong));

  const auto factor = NoiseDistanceFactor(PredictionType::kClean, alpha_bars);

  EXPECT_NEAR(factor[0].item<double>(), 454.9, 0.05);
  EXPECT_NEAR(factor[1].item<double>(), 8.54, 0.005);
  EXPECT_NEAR(factor[2].item<double>(), 0.0844, 5e-5);
  EXPECT_NEAR(factor[3].item<double>(), 4.04e-5, 5e-8);
}

}  // namespace
}  // namespace tailcast::diffusion
