#include "core/tensor/module_io.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/linear.h>

namespace tailcast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;

class SmallModule final : public torch::nn::Module {
 public:
  SmallModule() {
    linear = register_module("linear", torch::nn::Linear(2, 3));
    counter = register_buffer("counter", at::zeros({1}, at::kLong));
  }
  torch::nn::Linear linear{nullptr};
  at::Tensor counter;
};

std::string ErrorOf(const NamedTensors& tensors) {
  SmallModule module;
  const NamedTensors before = ModuleTensors(module);
  const auto old_weight = before.at("linear.weight").clone();
  const auto status = LoadModule(tensors, "w.safetensors", module);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(at::equal(module.linear->weight, old_weight)) << "a refused file changed the module";
  return std::string(status.message());
}

NamedTensors GoodTensors() {
  return {{"linear.weight", at::arange(6, at::kFloat).view({3, 2})},
          {"linear.bias", at::arange(3, at::kFloat)},
          {"counter", at::ones({1}, at::kLong)}};
}

TEST(ModuleIoTest, NamesParametersAndBuffersWithDots) {
  EXPECT_THAT(ModuleTensors(SmallModule()),
              ElementsAre(Key("counter"), Key("linear.bias"), Key("linear.weight")));
}

TEST(ModuleIoTest, LoadsWhatItNamed) {
  SmallModule module;

  ASSERT_TRUE(LoadModule(GoodTensors(), "w", module).ok());

  for (const auto& [name, tensor] : ModuleTensors(module)) {
    EXPECT_TRUE(at::equal(tensor, GoodTensors().at(name))) << name;
  }
  EXPECT_TRUE(module.linear->weight.requires_grad());
}

TEST(ModuleIoTest, RefusesAMissingTensor) {
  NamedTensors tensors = GoodTensors();
  tensors.erase("linear.bias");

  EXPECT_EQ(ErrorOf(tensors), "w.safetensors: tensor 'linear.bias' is missing");
}

TEST(ModuleIoTest, RefusesATensorTooMany) {
  NamedTensors tensors = GoodTensors();
  tensors["linear.more"] = at::zeros({1});

  EXPECT_EQ(ErrorOf(tensors), "w.safetensors: tensor 'linear.more' is unknown to the network");
}

TEST(ModuleIoTest, RefusesAnotherShape) {
  NamedTensors tensors = GoodTensors();
  tensors["linear.weight"] = at::zeros({2, 3});

  EXPECT_EQ(ErrorOf(tensors),
            "w.safetensors: tensor 'linear.weight' has shape [2, 3]; expected [3, 2]");
}

TEST(ModuleIoTest, RefusesAnotherElementType) {
  NamedTensors tensors = GoodTensors();
  tensors["linear.weight"] = at::zeros({3, 2}, at::kDouble);

  EXPECT_THAT(ErrorOf(tensors), HasSubstr("has element type Double; expected Float"));
}

}  // namespace
}  // namespace tailcast
