#include "core/diffusion/denoisers/residual_mlp.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <sstream>

#include "core/tensor/compute_threads.h"
#include "core/tensor/module_io.h"
#include "tests/golden/golden_values.h"

namespace tailcast::diffusion {
namespace {

constexpr int64_t kClasses = 10, kDim = 64;

std::shared_ptr<Denoiser> MakeInitialized(const DenoiserSpec& spec = {}) {
  auto denoiser = MakeDenoiser(spec).value();
  denoiser->Initialize(at::detail::createCPUGenerator(/*seed=*/5));
  return denoiser;
}

// With an output that is not zero, so that every parameter shows.
std::shared_ptr<Denoiser> MakeTrained() {
  const at::NoGradGuard no_grad;
  auto denoiser = MakeInitialized();
  auto rng = at::detail::createCPUGenerator(/*seed=*/6);
  for (auto& parameter : denoiser->parameters()) parameter.normal_(0.0, 0.1, rng);
  return denoiser;
}

at::Tensor Noise(int64_t rows) {
  return at::randn({rows, kDim}, at::detail::createCPUGenerator(/*seed=*/7));
}

// Names and shapes are the file format of every published generator.
TEST(ResidualMlpTest, NamesAndShapesOfItsTensorsStayWhatTheyAre) {
  std::ostringstream actual;
  for (const auto& [name, tensor] : ModuleTensors(*MakeDenoiser({}).value())) {
    actual << name << " " << tensor.sizes() << "\n";
  }
  std::string expected;
  for (const std::string& line : GoldenLines("residual_mlp_tensors.txt")) expected += line + "\n";

  EXPECT_EQ(actual.str(), expected);
}

TEST(ResidualMlpTest, StartsByAnsweringZero) {
  const at::NoGradGuard no_grad;
  const auto answer = MakeInitialized()->forward(Noise(5), at::arange(5) * 200, at::arange(5));

  EXPECT_TRUE(at::equal(answer, at::zeros({5, kDim})));
}

TEST(ResidualMlpTest, InitialWeightsComeFromTheRandomNumbersGiven) {
  const auto first = MakeInitialized(), second = MakeInitialized();
  auto other = MakeDenoiser({}).value();
  other->Initialize(at::detail::createCPUGenerator(/*seed=*/8));

  for (const auto& [name, tensor] : ModuleTensors(*first)) {
    EXPECT_TRUE(at::equal(tensor, ModuleTensors(*second).at(name))) << name;
    if (name == "output.weight" || name == "output.bias") continue;
    EXPECT_FALSE(at::equal(tensor, ModuleTensors(*other).at(name))) << name;
  }
}

// The server computes the conditioning once per step and class: the rows must not notice.
TEST(ResidualMlpTest, ConditioningPerClassGivesTheBitsOfConditioningPerRow) {
  const at::NoGradGuard no_grad;
  UseOneComputeThread();
  const auto denoiser = MakeTrained();
  constexpr int64_t kRows = 64, kTableRows = 16;
  const auto noisy = Noise(kRows);
  const auto labels = at::arange(kRows).remainder(kClasses + 1);
  for (const int64_t t : {0, 499, 999}) {
    const auto timesteps = at::full({kRows}, t, at::kLong);
    const auto table = denoiser->Condition(at::full({kTableRows}, t, at::kLong),
                                           at::arange(kTableRows).clamp_max(kClasses));

    const auto per_row = denoiser->forward(noisy, timesteps, labels);
    const auto per_class = denoiser->Denoise(noisy, table.index_select(0, labels));

    EXPECT_TRUE(at::equal(per_row, per_class)) << "t " << t;
  }
}

TEST(ResidualMlpTest, EveryLabelUpToNoClassHasItsOwnAnswer) {
  const at::NoGradGuard no_grad;
  const auto denoiser = MakeTrained();
  const auto same = Noise(1).expand({kClasses + 1, kDim});
  const auto timesteps = at::full({kClasses + 1}, 300, at::kLong);

  const auto answers = denoiser->forward(same, timesteps, at::arange(kClasses + 1));

  for (int64_t first = 0; first <= kClasses; ++first) {
    for (int64_t second = 0; second < first; ++second) {
      EXPECT_FALSE(at::allclose(answers[first], answers[second])) << first << " " << second;
    }
  }
  EXPECT_ANY_THROW(denoiser->Condition(timesteps.narrow(0, 0, 1), at::full({1}, kClasses + 1)));
}

TEST(ResidualMlpTest, TimeMattersAndRowsDoNotMix) {
  const at::NoGradGuard no_grad;
  const auto denoiser = MakeTrained();
  const auto noisy = Noise(3);
  const auto timesteps = at::tensor({0, 500, 999}, at::kLong);
  const auto labels = at::tensor({2, 3, 10}, at::kLong);

  const auto together = denoiser->forward(noisy, timesteps, labels);

  for (int64_t row = 0; row < 3; ++row) {
    const auto alone = denoiser->forward(noisy.narrow(0, row, 1), timesteps.narrow(0, row, 1),
                                         labels.narrow(0, row, 1));
    EXPECT_TRUE(at::allclose(alone[0], together[row], /*rtol=*/1e-4, /*atol=*/1e-5));
  }
  const auto later = denoiser->forward(noisy, timesteps.flip(0), labels);
  EXPECT_FALSE(at::allclose(later[0], together[0]));
}

TEST(ResidualMlpTest, EveryParameterFeelsTheLoss) {
  auto denoiser = MakeTrained();
  denoiser->forward(Noise(32), at::arange(32) * 30, at::arange(32).remainder(kClasses + 1))
      .square()
      .mean()
      .backward();

  for (const auto& parameter : denoiser->named_parameters()) {
    EXPECT_GT(parameter.value().grad().abs().max().item<double>(), 0.0) << parameter.key();
  }
}

TEST(ResidualMlpTest, CountsTheMultiplyAddsOfOneRow) {
  const auto denoiser = MakeDenoiser({}).value();
  int64_t weights = 0;
  for (const auto& [name, tensor] : ModuleTensors(*denoiser)) {
    const bool per_row = name.rfind("block", 0) == 0 || name.rfind("input.", 0) == 0 ||
                         name.rfind("output.", 0) == 0;
    if (per_row && tensor.dim() == 2) weights += tensor.numel();
  }
  EXPECT_EQ(denoiser->row_multiply_adds(), weights);
}

}  // namespace
}  // namespace tailcast::diffusion
