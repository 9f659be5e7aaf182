#include "core/encoders/small_resnet.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "core/tensor/module_io.h"
#include "tests/core/encoders/encoder_samples.h"
#include "tests/golden/golden_values.h"

namespace tailcast::encoders {
namespace {

// Names and shapes are the file format of every trained encoder.
TEST(SmallResnetTest, NamesAndShapesOfItsTensorsStayWhatTheyAre) {
  std::ostringstream actual;
  for (const auto& [name, tensor] : ModuleTensors(SmallResnet(/*in_channels=*/1))) {
    actual << name << " " << tensor.sizes() << "\n";
  }
  std::string expected;
  for (const std::string& line : GoldenLines("small_resnet_tensors.txt")) expected += line + "\n";

  EXPECT_EQ(actual.str(), expected);
}

TEST(SmallResnetTest, TakesImagesOfSixteenPixelsAndMore) {
  const at::NoGradGuard no_grad;
  for (const int64_t channels : {1, 3}) {
    SmallResnet network(channels);
    for (const int64_t side : {16, 17, 28, 32, 63}) {
      const at::Tensor features = network.forward(at::ones({2, channels, side, side + 1}));
      EXPECT_EQ(features.sizes(), (std::vector<int64_t>{2, network.feature_dim()}));
    }
  }
}

TEST(SmallResnetTest, FeaturesAreNeverNegative) {
  const at::NoGradGuard no_grad;
  const auto network = MakeEncoder(GraySpec()).value();
  ASSERT_TRUE(LoadModule(RandomWeights(GraySpec()), "random", *network).ok());
  network->eval();
  const at::Tensor features =
      network->forward(at::randn({64, 1, 28, 28}, at::detail::createCPUGenerator(/*seed=*/4)));

  EXPECT_TRUE(network->non_negative());
  EXPECT_GE(features.min().item<float>(), 0);
  EXPECT_GT(features.max().item<float>(), 0);
}

// The slow twin of one block with a shortcut, from its definition.
TEST(ResidualBlockTest, AddsTwoConvolutionsToItsShortcut) {
  const at::NoGradGuard no_grad;
  const auto rng = at::detail::createCPUGenerator(/*seed=*/5);
  ResidualBlock block(2, 3, /*stride=*/2);
  for (auto& parameter : block->parameters()) parameter.normal_(0, 1, rng);
  block->train();
  const at::Tensor input = at::randn({4, 2, 6, 6}, rng);

  const NamedTensors tensors = ModuleTensors(*block);
  const auto conv_norm = [&](const std::string& name, const at::Tensor& x, int64_t stride) {
    const at::Tensor weight = tensors.at(name + ".weight");
    const at::Tensor y = at::conv2d(x, weight, /*bias=*/{}, stride, /*padding=*/weight.size(2) / 2);
    const at::Tensor mean = y.mean({0, 2, 3}, /*keepdim=*/true);
    const at::Tensor variance = (y - mean).square().mean({0, 2, 3}, /*keepdim=*/true);
    return (y - mean) / (variance + 1e-5).sqrt() *
               tensors.at(name + ".scale").reshape({1, -1, 1, 1}) +
           tensors.at(name + ".shift").reshape({1, -1, 1, 1});
  };
  const at::Tensor inner = conv_norm("second", at::relu(conv_norm("first", input, 2)), 1);
  const at::Tensor expected = at::relu(inner + conv_norm("shortcut", input, 2));

  EXPECT_TRUE(at::allclose(block->forward(input), expected, 1e-4, 1e-4));
}

TEST(ResidualBlockTest, WithoutConvolutionsPassesItsInputOn) {
  const at::NoGradGuard no_grad;
  ResidualBlock block(2, 2, /*stride=*/1);  // weights are zero
  const at::Tensor input = at::rand({1, 2, 4, 4}, at::detail::createCPUGenerator(/*seed=*/6));
  EXPECT_TRUE(at::equal(block->forward(input), input));
}

TEST(ConvNormTest, InEvaluationUsesTheRunningStatistics) {
  const at::NoGradGuard no_grad;
  ConvNorm conv(ConvNormOptions{.in_channels = 1, .out_channels = 1, .kernel_size = 1});
  NamedTensors tensors = ModuleTensors(*conv);
  tensors["weight"].fill_(2);
  tensors["running_mean"].fill_(3);
  tensors["running_variance"].fill_(4 - 1e-5);
  tensors["scale"].fill_(5);
  tensors["shift"].fill_(7);
  conv->eval();
  // (2 * 10 - 3) / 2 * 5 + 7
  EXPECT_NEAR(conv->forward(at::full({1, 1, 1, 1}, 10.f)).item<float>(), 49.5, 1e-4);
  EXPECT_FLOAT_EQ(tensors["running_mean"].item<float>(), 3);
}

}  // namespace
}  // namespace tailcast::encoders
