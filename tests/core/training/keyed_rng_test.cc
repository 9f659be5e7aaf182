#include "core/training/keyed_rng.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <set>

#include "core/encoders/small_resnet.h"
#include "core/tensor/module_io.h"
#include "core/training/weight_init.h"

namespace tailcast::training {
namespace {

int64_t Draw(int64_t seed, RngPurpose purpose, int64_t index) {
  return at::randint(0, int64_t{1} << 62, {1}, KeyedRng(seed, purpose, index), at::kLong)
      .item<int64_t>();
}

TEST(KeyedRngTest, EverySeedPurposeAndIndexHasNumbersOfItsOwn) {
  std::set<int64_t> drawn;
  for (const int64_t seed : {int64_t{0}, int64_t{1}, int64_t{1} << 40}) {
    for (const RngPurpose purpose : {RngPurpose::kWeights, RngPurpose::kOrder}) {
      for (const int64_t index : {int64_t{0}, int64_t{1}, int64_t{1} << 40}) {
        EXPECT_EQ(Draw(seed, purpose, index), Draw(seed, purpose, index));
        drawn.insert(Draw(seed, purpose, index));
      }
    }
  }
  EXPECT_EQ(drawn.size(), 18u);
}

TEST(KeyedRngTest, EveryBitOfASeedMatters) {
  std::set<int64_t> drawn;
  for (int bit = 0; bit < 63; ++bit) {
    drawn.insert(Draw(int64_t{1} << bit, RngPurpose::kGenerator, 0));
  }
  EXPECT_EQ(drawn.size(), 63u);
}

TEST(WeightInitTest, ConvolutionsHaveTheVarianceOfHe) {
  encoders::SmallResnet network(/*in_channels=*/3);
  DrawConvolutionWeights(network, KeyedRng(0, RngPurpose::kWeights, 0));
  const NamedTensors tensors = ModuleTensors(network);
  const at::Tensor weight = tensors.at("stage3_block1.second.weight");  // [64, 64, 3, 3]
  EXPECT_NEAR(weight.square().mean().item<double>(), 2.0 / (9 * 64), 0.02 * 2.0 / (9 * 64));
  EXPECT_NEAR(weight.mean().item<double>(), 0, 1e-3);
  EXPECT_TRUE(at::equal(tensors.at("stem.scale"), at::ones({16})));
  EXPECT_TRUE(at::equal(tensors.at("stem.shift"), at::zeros({16})));
}

TEST(WeightInitTest, TheHeadIsUniformAndHasNoBias) {
  const auto head = DrawLinearHead(100, 64, KeyedRng(0, RngPurpose::kWeights, 0));
  EXPECT_LE(head.weight.abs().max().item<double>(), 0.125);
  EXPECT_NEAR(head.weight.square().mean().item<double>(), 0.125 * 0.125 / 3, 2e-4);
  EXPECT_TRUE(at::equal(head.bias, at::zeros({100})));
}

}  // namespace
}  // namespace tailcast::training
