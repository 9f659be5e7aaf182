#include "core/training/optimizer_state.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <memory>
#include <vector>

namespace tailcast::training {
namespace {

using ::testing::HasSubstr;
using torch::optim::Optimizer;

std::vector<at::Tensor> MakeParameters() {
  return {at::tensor({1.0F, -2.0F}).requires_grad_(true), at::tensor({0.5F}).requires_grad_(true)};
}

void MakeSteps(int count, const std::vector<at::Tensor>& parameters, Optimizer& optimizer) {
  for (int i = 0; i < count; ++i) {
    optimizer.zero_grad();
    (parameters[0].square().sum() + (parameters[1] * parameters[0][0]).sum()).backward();
    optimizer.step();
  }
}

template <typename Make>
void ExpectToGoOn(Make make) {
  const auto unbroken = MakeParameters();
  const auto optimizer = make(unbroken);
  MakeSteps(3, unbroken, *optimizer);
  const NamedTensors state = OptimizerState(*optimizer);
  std::vector<at::Tensor> resumed;
  for (const auto& parameter : unbroken) {
    resumed.push_back(parameter.detach().clone().requires_grad_(true));
  }
  const auto again = make(resumed);

  ASSERT_TRUE(RestoreOptimizerState(state, *again).ok());
  MakeSteps(4, unbroken, *optimizer);
  MakeSteps(4, resumed, *again);

  for (size_t i = 0; i < unbroken.size(); ++i) EXPECT_TRUE(at::equal(unbroken[i], resumed[i]));
}

std::unique_ptr<Optimizer> MakeAdamW(const std::vector<at::Tensor>& parameters) {
  return std::make_unique<torch::optim::AdamW>(parameters, torch::optim::AdamWOptions(0.1));
}

std::unique_ptr<Optimizer> MakeSgd(const std::vector<at::Tensor>& parameters) {
  return std::make_unique<torch::optim::SGD>(
      parameters, torch::optim::SGDOptions(0.1).momentum(0.9).nesterov(true).weight_decay(1e-3));
}

TEST(OptimizerStateTest, AdamWGoesOnBitForBit) { ExpectToGoOn(MakeAdamW); }

TEST(OptimizerStateTest, SgdWithMomentumGoesOnBitForBit) { ExpectToGoOn(MakeSgd); }

TEST(OptimizerStateTest, AnEmptyStateIsThatOfANewOptimizer) {
  const auto parameters = MakeParameters();
  const auto optimizer = MakeAdamW(parameters);

  EXPECT_TRUE(OptimizerState(*optimizer).empty());
  EXPECT_TRUE(RestoreOptimizerState({}, *optimizer).ok());
}

TEST(OptimizerStateTest, RestoredStateIsACopy) {
  const auto parameters = MakeParameters();
  const auto optimizer = MakeAdamW(parameters);
  MakeSteps(1, parameters, *optimizer);
  NamedTensors state;
  for (const auto& [name, tensor] : OptimizerState(*optimizer)) state[name] = tensor.clone();
  const NamedTensors before = {{"0.exp_avg", state.at("0.exp_avg").clone()}};

  ASSERT_TRUE(RestoreOptimizerState(state, *optimizer).ok());
  MakeSteps(1, parameters, *optimizer);

  EXPECT_TRUE(at::equal(state.at("0.exp_avg"), before.at("0.exp_avg")));
}

TEST(OptimizerStateTest, NamesTheTensorThatIsWrong) {
  const auto parameters = MakeParameters();
  const auto optimizer = MakeAdamW(parameters);
  MakeSteps(1, parameters, *optimizer);
  const NamedTensors good = OptimizerState(*optimizer);

  NamedTensors missing = good;
  missing.erase("1.exp_avg");
  EXPECT_THAT(RestoreOptimizerState(missing, *optimizer).message(),
              HasSubstr("optimizer tensor '1.exp_avg' is missing"));
  NamedTensors wrong = good;
  wrong["0.exp_avg_sq"] = at::zeros({3});
  EXPECT_THAT(RestoreOptimizerState(wrong, *optimizer).message(),
              HasSubstr("optimizer tensor '0.exp_avg_sq' has shape [3]; expected [2]"));
  NamedTensors more = good;
  more["2.exp_avg"] = at::zeros({1});
  EXPECT_THAT(RestoreOptimizerState(more, *optimizer).message(),
              HasSubstr("optimizer tensor '2.exp_avg' is unknown"));
}

TEST(OptimizerStateTest, SetsTheRateOfTheNextStep) {
  const auto parameters = MakeParameters();
  torch::optim::SGD optimizer(parameters, torch::optim::SGDOptions(1.0));
  SetLearningRate(0.25, optimizer);
  parameters[1].sum().backward();
  optimizer.step();

  EXPECT_EQ(parameters[1].item<float>(), 0.25F);
}

}  // namespace
}  // namespace tailcast::training
