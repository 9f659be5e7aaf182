#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "core/diffusion/samplers/ddim_sampler.h"
#include "tests/fakes/fake_evaluators.h"
#include "tests/fakes/scripted_noise.h"
#include "tests/golden/golden_values.h"

namespace tailcast::diffusion {
namespace {

constexpr auto kNeverCancelled = [] { return false; };
constexpr int64_t kElements = 768;

struct Tolerance {
  at::ScalarType type;
  double relative;
};
constexpr Tolerance kTolerances[] = {{at::kDouble, 1e-6}, {at::kFloat, 1e-3}};

// The sample of the diffusers scheduler tests: four images of 3 x 8 x 8, here rows of 192.
at::Tensor DiffusersLayout(const at::Tensor& values) {
  return values.div(kElements).view({3, 8, 8, 4}).permute({3, 0, 1, 2}).reshape({4, 192});
}
at::Tensor DummySample() { return DiffusersLayout(at::arange(kElements, at::kDouble)); }
at::Tensor DummyNoise() { return DiffusersLayout(at::arange(kElements - 1, -1, -1, at::kDouble)); }

// "Leading" spacing: multiples of T // N.
std::vector<int64_t> LeadingTimesteps(int64_t num_steps) {
  std::vector<int64_t> timesteps;
  for (int64_t i = num_steps - 1; i >= 0; --i) timesteps.push_back(i * (1000 / num_steps));
  return timesteps;
}

NoiseSchedule ScheduleOf(const std::string& name) {
  return NoiseSchedule::Make({.name = name, .num_timesteps = 1000}).value();
}

at::Tensor SampleFrom(const NoiseSchedule& schedule, const DdimOptions& options,
                      const FunctionEvaluator::Function& model, std::vector<at::Tensor> draws) {
  FunctionEvaluator evaluator(model);
  ScriptedNoise noise(std::move(draws));
  return DdimSampler(schedule, options).Sample(evaluator, noise, kNeverCancelled).value();
}

double AbsSum(const at::Tensor& x) { return x.abs().sum(at::kDouble).item<double>(); }

void ExpectGolden(const std::string& key, const at::Tensor& result, double relative) {
  const auto expected = GoldenValues(key);
  const auto flat = result.flatten().to(at::kDouble);
  std::vector<double> actual = {AbsSum(result), AbsSum(result) / kElements};
  if (expected.size() > 2) {
    actual.push_back(flat[5].item<double>());
    actual.push_back(flat[700].item<double>());
  }
  ASSERT_EQ(expected.size(), actual.size()) << key;
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(actual[i], expected[i], relative * std::abs(expected[i]) + 1e-12)
        << key << " number " << i;
  }
}

using Row = std::tuple<std::string, std::tuple<PredictionType, std::string>, bool, int64_t>;

class DdimLibraryModelTest : public testing::TestWithParam<Row> {};

TEST_P(DdimLibraryModelTest, MeetsTheIndependentImplementation) {
  const auto& [schedule, prediction, clip, num_steps] = GetParam();
  const std::string key = absl::StrCat(" ", schedule, " ", std::get<1>(prediction),
                                       " clip=", clip ? "True" : "False", " N=", num_steps);
  for (const auto& [type, relative] : kTolerances) {
    const auto result = SampleFrom(ScheduleOf(schedule),
                                   {.timesteps = LeadingTimesteps(num_steps),
                                    .prediction = std::get<0>(prediction),
                                    .clip = clip ? 1.0 : 0.0},
                                   RampModel, {DummySample().to(type)});
    EXPECT_EQ(result.scalar_type(), type);
    ExpectGolden(key, result, relative);
  }
}

INSTANTIATE_TEST_SUITE_P(
    AllRows, DdimLibraryModelTest,
    testing::Combine(testing::Values("linear", "cosine"),
                     testing::Values(std::tuple(PredictionType::kNoise, "epsilon"),
                                     std::tuple(PredictionType::kClean, "sample"),
                                     std::tuple(PredictionType::kVelocity, "v")),
                     testing::Bool(), testing::Values(10, 50)));

using EtaRow = std::tuple<std::string, bool, double>;

class DdimCleanModelTest : public testing::TestWithParam<EtaRow> {};

// Clip and eta show here: the model of clean data leaves [-1, 1].
TEST_P(DdimCleanModelTest, MeetsTheIndependentImplementation) {
  const auto& [schedule, clip, eta] = GetParam();
  const std::string key =
      absl::StrCat(" DDIM ", schedule, " x0-pred clip=", clip ? "True" : "False", " eta=", eta,
                   " N=10 sum,mean,x[5],x[700]");
  for (const auto& [type, relative] : kTolerances) {
    const auto result =
        SampleFrom(ScheduleOf(schedule),
                   {.timesteps = LeadingTimesteps(10),
                    .prediction = PredictionType::kClean,
                    .eta = eta,
                    .clip = clip ? 1.0 : 0.0},
                   ShrinkingModel, {3 * DummySample().to(type), DummyNoise().to(type)});
    ExpectGolden(key, result, relative);
  }
}

INSTANTIATE_TEST_SUITE_P(AllRows, DdimCleanModelTest,
                         testing::Combine(testing::Values("linear", "cosine"), testing::Bool(),
                                          testing::Values(0.0, 0.5, 1.0)));

TEST(DdimGoldenTest, MeetsTheIndependentImplementationForOtherSchedules) {
  const auto schedule = NoiseSchedule::Linear({.beta_start = 0.01});
  DdimOptions options = {
      .timesteps = LeadingTimesteps(10), .prediction = PredictionType::kNoise, .clip = 1.0};
  for (const auto& [type, relative] : kTolerances) {
    options.final_alpha_bar = 1.0;
    ExpectGolden(" DDIM10 beta_start=.01 alpha_one",
                 SampleFrom(schedule, options, RampModel, {DummySample().to(type)}), relative);
    options.final_alpha_bar = schedule.AlphaBar(0);
    ExpectGolden(" DDIM10 beta_start=.01 not alpha_one",
                 SampleFrom(schedule, options, RampModel, {DummySample().to(type)}), relative);
  }
}

TEST(DdimGoldenTest, MeetsTheIndependentImplementationFromPartlyNoisedData) {
  const auto schedule = NoiseSchedule::Linear({});
  const auto timesteps = at::full({4}, 100, at::kLong);
  const auto noisy = schedule.AddNoise(DummySample(), DummyNoise(), timesteps);
  for (const auto& [type, relative] : kTolerances) {
    ExpectGolden(
        " DDIM with_noise t_start=8 (354.5418/0.4616)",
        SampleFrom(schedule,
                   {.timesteps = {100, 0}, .prediction = PredictionType::kNoise, .clip = 1.0},
                   RampModel, {noisy.to(type)}),
        relative);
  }
}

// diffusers computes its schedule in single precision: torch.linspace and cumprod.
NoiseSchedule SinglePrecisionLinear(float beta_start) {
  const auto betas = at::linspace(beta_start, 0.02F, 1000, at::kFloat);
  std::vector<double> alpha_bars;
  float alpha_bar = 1.0F;
  for (int64_t t = 0; t < betas.size(0); ++t) {
    alpha_bar *= 1.0F - betas[t].item<float>();
    alpha_bars.push_back(alpha_bar);
  }
  return NoiseSchedule::FromAlphaBars(alpha_bars).value();
}

// Expected values: diffusers, tests/schedulers/test_scheduler_ddim.py, full_loop.
TEST(DdimGoldenTest, MeetsTheValuesThatDiffusersPrintsToTheirLastDigit) {
  struct Printed {
    PredictionType prediction;
    float beta_start;
    bool ends_at_one;
    double sum, mean, mean_digit;
  };
  constexpr Printed kPrinted[] = {{PredictionType::kNoise, 1e-4F, true, 172.0067, 0.223967, 1e-6},
                                  {PredictionType::kVelocity, 1e-4F, true, 52.5302, 0.0684, 1e-4},
                                  {PredictionType::kNoise, 0.01F, true, 149.8295, 0.1951, 1e-4},
                                  {PredictionType::kNoise, 0.01F, false, 149.0784, 0.1941, 1e-4}};
  for (const Printed& row : kPrinted) {
    const auto schedule = SinglePrecisionLinear(row.beta_start);
    const auto result =
        SampleFrom(schedule,
                   {.timesteps = LeadingTimesteps(10),
                    .prediction = row.prediction,
                    .clip = 1.0,
                    .final_alpha_bar = row.ends_at_one ? 1.0 : schedule.AlphaBar(0)},
                   RampModel, {DummySample()});
    EXPECT_NEAR(AbsSum(result), row.sum, 1e-4);
    EXPECT_NEAR(AbsSum(result) / kElements, row.mean, row.mean_digit);
  }
}

// Expected values: the same file, full_loop_with_noise.
TEST(DdimGoldenTest, MeetsThePrintedValuesFromPartlyNoisedDataToTheirLastDigit) {
  const auto schedule = SinglePrecisionLinear(1e-4F);
  const auto noisy = schedule.AddNoise(DummySample(), DummyNoise(), at::full({4}, 100, at::kLong));

  const auto result = SampleFrom(
      schedule, {.timesteps = {100, 0}, .prediction = PredictionType::kNoise, .clip = 1.0},
      RampModel, {noisy});

  EXPECT_NEAR(AbsSum(result), 354.5418, 1e-4);
  EXPECT_NEAR(AbsSum(result) / kElements, 0.4616, 1e-4);
}

}  // namespace
}  // namespace tailcast::diffusion
