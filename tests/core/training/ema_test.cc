#include "core/training/ema.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>

#include <cmath>

namespace tailcast::training {
namespace {

using ::testing::HasSubstr;

class Numbers final : public torch::nn::Module {
 public:
  Numbers() {
    weight = register_parameter("weight", at::full({2}, 8.0, at::kDouble));
    counter = register_buffer("counter", at::zeros({}, at::kLong));
  }
  void Set(double value) {
    const at::NoGradGuard no_grad;
    weight.fill_(value);
  }
  at::Tensor weight, counter;
};

double WeightOf(const ExponentialMovingAverage& average) {
  return average.average().at("weight")[1].item<double>();
}

TEST(ExponentialMovingAverageTest, StartsAtTheFirstValues) {
  const Numbers module;
  EXPECT_EQ(WeightOf(ExponentialMovingAverage(module, 0.9)), 8.0);
}

// After n updates towards a constant c: c + decay^n (start - c).
TEST(ExponentialMovingAverageTest, ApproachesAConstantGeometrically) {
  Numbers module;
  ExponentialMovingAverage average(module, 0.995);
  module.Set(3.0);
  for (int n = 1; n <= 500; ++n) {
    average.Update();
    ASSERT_NEAR(WeightOf(average), 3.0 + std::pow(0.995, n) * 5.0, 1e-12) << n;
  }
}

TEST(ExponentialMovingAverageTest, WeighsEachValueByItsAge) {
  Numbers module;
  ExponentialMovingAverage average(module, 0.5);
  for (const double value : {4.0, 16.0}) {
    module.Set(value);
    average.Update();
  }
  EXPECT_EQ(WeightOf(average), 0.25 * 8.0 + 0.25 * 4.0 + 0.5 * 16.0);
}

TEST(ExponentialMovingAverageTest, DecayZeroFollowsTheModule) {
  Numbers module;
  ExponentialMovingAverage average(module, 0.0);
  module.Set(-1.5);
  average.Update();
  EXPECT_EQ(WeightOf(average), -1.5);
}

TEST(ExponentialMovingAverageTest, WhatDoesNotChangeKeepsItsBits) {
  Numbers module;
  module.weight.set_data(at::tensor({0.1F, -7.3F}));
  ExponentialMovingAverage average(module, 0.995);
  for (int n = 0; n < 1000; ++n) average.Update();
  EXPECT_TRUE(at::equal(average.average().at("weight"), module.weight));
}

TEST(ExponentialMovingAverageTest, CopiesCounters) {
  Numbers module;
  ExponentialMovingAverage average(module, 0.9);
  module.counter.fill_(12);
  average.Update();
  EXPECT_EQ(average.average().at("counter").item<int64_t>(), 12);
}

TEST(ExponentialMovingAverageTest, LeavesTheModuleAlone) {
  Numbers module;
  ExponentialMovingAverage average(module, 0.5);
  module.Set(2.0);
  average.Update();
  EXPECT_EQ(module.weight[0].item<double>(), 2.0);
}

TEST(ExponentialMovingAverageTest, IsRestoredByName) {
  const Numbers module;
  ExponentialMovingAverage average(module, 0.5);
  const NamedTensors state = {{"weight", at::full({2}, 1.0, at::kDouble)},
                              {"counter", at::scalar_tensor(3, at::kLong)}};

  ASSERT_TRUE(average.Restore(state).ok());
  EXPECT_EQ(WeightOf(average), 1.0);
  EXPECT_THAT(average.Restore({{"weight", state.at("weight")}}).message(),
              HasSubstr("averaged tensor 'counter' is missing"));
  EXPECT_THAT(
      average.Restore({{"weight", at::zeros({3})}, {"counter", state.at("counter")}}).message(),
      HasSubstr("averaged tensor 'weight' has shape [3]; expected [2]"));
}

}  // namespace
}  // namespace tailcast::training
