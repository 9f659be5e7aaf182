#include "core/diffusion/noise_schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "tests/golden/golden_values.h"

namespace tailcast::diffusion {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kCleanData = -1;
constexpr int64_t kGoldenTimesteps[] = {0, 1, 10, 100, 250, 500, 750, 900, 999};

void ExpectRelative(double actual, double expected) {
  EXPECT_NEAR(actual, expected, 1e-9 * std::abs(expected));
}

TEST(NoiseScheduleTest, MeetsTheIndependentImplementation) {
  const auto linear = GoldenValues("linear alphas_cumprod[0,1,10,100,250,500,750,900,999]");
  const auto cosine = GoldenValues("cosine alphas_cumprod[same]");
  for (size_t i = 0; i < std::size(kGoldenTimesteps); ++i) {
    ExpectRelative(NoiseSchedule::Linear({}).AlphaBar(kGoldenTimesteps[i]), linear[i]);
    ExpectRelative(NoiseSchedule::Cosine({}).AlphaBar(kGoldenTimesteps[i]), cosine[i]);
  }
}

TEST(NoiseScheduleTest, CosineBetasMeetTheIndependentImplementation) {
  const auto schedule = NoiseSchedule::Cosine({});
  const auto betas = GoldenValues("cosine betas[0,1,500,997,998,999]");
  constexpr int64_t kTimesteps[] = {0, 1, 500, 997, 998, 999};
  for (size_t i = 0; i < std::size(kTimesteps); ++i) {
    const int64_t t = kTimesteps[i];
    ExpectRelative(1.0 - schedule.AlphaBar(t) / schedule.AlphaBar(t - 1), betas[i]);
  }
}

TEST(NoiseScheduleTest, SignalToNoiseMeetsTheIndependentImplementation) {
  const auto ratio = [](const NoiseSchedule& schedule, int64_t t) {
    return schedule.AlphaBar(t) / (1.0 - schedule.AlphaBar(t));
  };
  const auto linear = GoldenValues("linear SNR[0,500,999]");
  const auto cosine = GoldenValues("cosine SNR[0,1,10,100,500,900,999]");
  ExpectRelative(ratio(NoiseSchedule::Linear({}), 0), linear[0]);
  ExpectRelative(ratio(NoiseSchedule::Linear({}), 500), linear[1]);
  ExpectRelative(ratio(NoiseSchedule::Linear({}), 999), linear[2]);
  ExpectRelative(ratio(NoiseSchedule::Cosine({}), 0), cosine[0]);
  ExpectRelative(ratio(NoiseSchedule::Cosine({}), 999), cosine[6]);
}

TEST(NoiseScheduleTest, PosteriorVarianceMeetsTheIndependentImplementation) {
  const auto schedule = NoiseSchedule::Linear({});
  const auto expected = GoldenValues(" variance(420,400)(980,960)(487,486)(999,998)");
  ExpectRelative(schedule.PosteriorVariance(420, 400), expected[0]);
  ExpectRelative(schedule.PosteriorVariance(980, 960), expected[1]);
  ExpectRelative(schedule.PosteriorVariance(487, 486), expected[2]);
  ExpectRelative(schedule.PosteriorVariance(999, 998), expected[3]);
}

// Expected values: diffusers, tests/schedulers/test_scheduler_ddim.py and test_scheduler_ddpm.py,
// variance. Those digits are cut, not rounded.
TEST(NoiseScheduleTest, PosteriorVarianceMeetsDiffusersToTheLastDigit) {
  const auto schedule = NoiseSchedule::Linear({});
  EXPECT_NEAR(schedule.PosteriorVariance(420, 400), 0.14771, 1e-5);
  EXPECT_NEAR(schedule.PosteriorVariance(980, 960), 0.32460, 1e-5);
  EXPECT_NEAR(schedule.PosteriorVariance(487, 486), 0.00979, 1e-5);
  EXPECT_NEAR(schedule.PosteriorVariance(999, 998), 0.02, 1e-5);
  EXPECT_EQ(schedule.PosteriorVariance(0, kCleanData), 0.0);
}

TEST(NoiseScheduleTest, PosteriorVarianceOfOneStepIsThatOfTheDdpmPaper) {
  for (const std::string name : {"linear", "cosine"}) {
    const auto schedule = NoiseSchedule::Make({.name = name}).value();
    for (const int64_t t : {1, 500, 999}) {
      const auto row = GoldenValues(absl::StrCat(" ", name, " t=", t, " coef1,coef2,postvar,beta"));
      EXPECT_NEAR(schedule.PosteriorVariance(t, t - 1), row[2], 1e-8 * row[2]) << name << " " << t;
    }
  }
}

TEST(NoiseScheduleTest, AlphaBarsFallFromOneToNearlyZero) {
  for (const auto& schedule : {NoiseSchedule::Linear({}), NoiseSchedule::Cosine({})}) {
    EXPECT_EQ(schedule.num_timesteps(), 1000);
    EXPECT_EQ(schedule.AlphaBar(kCleanData), 1.0);
    for (int64_t t = 0; t < schedule.num_timesteps(); ++t) {
      EXPECT_LT(schedule.AlphaBar(t), schedule.AlphaBar(t - 1)) << "t " << t;
    }
    EXPECT_GT(schedule.AlphaBar(999), 0.0);
  }
}

TEST(NoiseScheduleTest, OneTimestepIsEnough) {
  EXPECT_NEAR(NoiseSchedule::Linear({.num_timesteps = 1}).AlphaBar(0), 1.0 - 1e-4, 1e-12);
  EXPECT_NEAR(NoiseSchedule::Cosine({.num_timesteps = 1}).AlphaBar(0), 1.0 - 0.999, 1e-12);
}

TEST(NoiseScheduleTest, AddNoiseKeepsUnitVariance) {
  const auto timesteps = at::tensor({0, 500, 999}, at::kLong);
  const auto ones = at::ones({3, 1}, at::kDouble);
  const auto zeros = at::zeros({3, 1}, at::kDouble);
  for (const auto& schedule : {NoiseSchedule::Linear({}), NoiseSchedule::Cosine({})}) {
    const auto signal = schedule.AddNoise(ones, zeros, timesteps);
    const auto sigma = schedule.AddNoise(zeros, ones, timesteps);

    EXPECT_TRUE(at::allclose(signal.square() + sigma.square(), ones));
    EXPECT_TRUE(at::allclose(signal.square().squeeze(1), schedule.AlphaBars(timesteps)));
  }
}

// sqrt(1 - alpha_bar_1) = 1e-2 needs more digits than 1 - float(alpha_bar_1) has.
TEST(NoiseScheduleTest, AddNoiseToFloatsRoundsOnlyAtTheEnd) {
  const auto sigma = NoiseSchedule::Linear({}).AddNoise(at::zeros({1, 1}), at::ones({1, 1}),
                                                        at::zeros({1}, at::kLong));

  EXPECT_EQ(sigma.scalar_type(), at::kFloat);
  EXPECT_EQ(sigma.item<float>(), 0.01F);
}

TEST(NoiseScheduleTest, AlphaBarsAreThoseOfTheirTimesteps) {
  const auto schedule = NoiseSchedule::Cosine({});
  const auto alpha_bars = schedule.AlphaBars(at::tensor({7, 999, 7}, at::kLong));

  EXPECT_EQ(alpha_bars.scalar_type(), at::kDouble);
  EXPECT_EQ(alpha_bars[0].item<double>(), schedule.AlphaBar(7));
  EXPECT_EQ(alpha_bars[1].item<double>(), schedule.AlphaBar(999));
  EXPECT_EQ(alpha_bars[2].item<double>(), schedule.AlphaBar(7));
}

TEST(NoiseScheduleTest, MakeNamesTheFieldThatIsWrong) {
  const auto unknown = NoiseSchedule::Make({.name = "square"});
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(unknown.status().message(), "schedule.name is 'square'; expected linear or cosine");
  for (const int64_t num_timesteps : {0, -1, 10'001}) {
    EXPECT_THAT(NoiseSchedule::Make({.num_timesteps = num_timesteps}).status().message(),
                HasSubstr(absl::StrCat("schedule.num_timesteps is ", num_timesteps)));
  }
}

// What Make() gives, FromAlphaBars() must take.
TEST(NoiseScheduleTest, FallsStrictlyUpToTheLargestNumberOfTimesteps) {
  for (const char* name : {"linear", "cosine"}) {
    for (const int64_t num_timesteps : {int64_t{1}, int64_t{2}, kMaxTimesteps}) {
      const auto schedule = NoiseSchedule::Make({.name = name, .num_timesteps = num_timesteps});
      ASSERT_TRUE(schedule.ok()) << schedule.status();
      EXPECT_GT(schedule->AlphaBar(num_timesteps - 1), 0.0);
    }
  }
}

TEST(NoiseScheduleTest, FromAlphaBarsTakesFallingNumbersOnly) {
  const auto schedule = NoiseSchedule::FromAlphaBars({0.9, 0.5, 0.1});
  ASSERT_TRUE(schedule.ok());
  EXPECT_EQ(schedule->AlphaBar(1), 0.5);
  for (const double wrong : {0.9, 0.95, 0.0, -0.1, std::numeric_limits<double>::quiet_NaN()}) {
    const auto refused = NoiseSchedule::FromAlphaBars({0.9, wrong});
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(refused.status().message(), HasSubstr("alpha_bar of timestep 1"));
  }
  EXPECT_FALSE(NoiseSchedule::FromAlphaBars({1.0}).ok());
}

}  // namespace
}  // namespace tailcast::diffusion
