#include "core/classifiers/linear_head.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/tensor/tensor_io.h"
#include "tests/core/base/scratch_folder.h"

namespace tailcast::classifiers {
namespace {

using ::testing::HasSubstr;

LinearHead SmallHead() {
  return {.weight = at::tensor({1., 0., 0., 1., -1., -1.}, at::kFloat).reshape({3, 2}),
          .bias = at::tensor({0.5, 0., 2.}, at::kFloat)};
}

TEST(LinearHeadTest, ScoresAreWeightsTimesFeaturesPlusBias) {
  const at::Tensor features = at::tensor({2., 3., 0., 0.}, at::kFloat).reshape({2, 2});
  EXPECT_TRUE(at::allclose(SmallHead().Scores(features),
                           at::tensor({2.5, 3., -3., 0.5, 0., 2.}, at::kFloat).reshape({2, 3})));
  EXPECT_TRUE(at::equal(SmallHead().Predict(features), at::tensor({1, 2}, at::kLong)));
}

TEST(LinearHeadTest, TensorsBringItBack) {
  const auto head = LinearHead::FromTensors(SmallHead().tensors(), "f");
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_TRUE(at::equal(head->weight, SmallHead().weight));
  EXPECT_TRUE(at::equal(head->bias, SmallHead().bias));
}

TEST(LinearHeadTest, AFileIsReadIfItIsForTheseClassesAndFeatures) {
  const ScratchFolder folder;
  const std::string path = folder.File("head.safetensors");
  EXPECT_EQ(LinearHead::Read(path, 3, 2).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(WriteFileAtomically(path, SerializeTensors(SmallHead().tensors(), {}).value()).ok());
  EXPECT_TRUE(at::equal(LinearHead::Read(path, 3, 2)->weight, SmallHead().weight));
  for (const auto& [num_classes, feature_dim] : {std::pair{4, 2}, {3, 1}}) {
    const absl::Status status = LinearHead::Read(path, num_classes, feature_dim).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()),
                HasSubstr(absl::StrCat("'", path,
                                       "': tensor 'classifier.weight' has shape [3, 2]; "
                                       "expected [",
                                       num_classes, ", ", feature_dim, "]")));
  }
}

TEST(LinearHeadTest, WrongTensorsAreNamed) {
  const auto error = [](const NamedTensors& tensors) {
    const auto head = LinearHead::FromTensors(tensors, "c.safetensors");
    EXPECT_EQ(head.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(head.status().message());
  };
  NamedTensors tensors = SmallHead().tensors();
  tensors.erase("classifier.bias");
  EXPECT_THAT(error(tensors), HasSubstr("c.safetensors: tensor 'classifier.bias' is missing"));
  tensors["classifier.bias"] = at::zeros({2});
  EXPECT_THAT(error(tensors), HasSubstr("[2]"));
  tensors["classifier.bias"] = at::zeros({3}, at::kDouble);
  EXPECT_THAT(error(tensors), HasSubstr("Double; expected Float"));
  tensors["classifier.bias"] = at::full({3}, std::nanf(""));
  EXPECT_THAT(error(tensors), HasSubstr("NaN"));
}

// Dividing the softmax by the class frequencies and normalising again, as LDMLR's code does.
TEST(ShiftBiasTest, DividesTheSoftmaxByTheClassFrequency) {
  const at::Tensor features =
      at::randn({20, 2}, at::detail::createCPUGenerator(/*seed=*/1)).to(at::kFloat);
  const std::vector<int64_t> counts{100, 20, 5};
  const at::Tensor divided = at::softmax(SmallHead().Scores(features).to(at::kDouble), 1) /
                             at::tensor(counts, at::kDouble);
  const at::Tensor expected = divided / divided.sum(1, /*keepdim=*/true);
  const at::Tensor shifted =
      at::softmax(ShiftBias(SmallHead(), counts, 1).Scores(features).to(at::kDouble), 1);

  EXPECT_TRUE(at::allclose(shifted, expected, 1e-5, 1e-7));
}

TEST(ShiftBiasTest, IsLinearInItsStrengthAndCountsZeroAsOne) {
  const LinearHead shifted = ShiftBias(SmallHead(), {90, 9, 0}, 0.5);
  EXPECT_TRUE(at::equal(shifted.weight, SmallHead().weight));
  EXPECT_NEAR(shifted.bias[0].item<double>(), 0.5 - 0.5 * std::log(0.9), 1e-6);
  EXPECT_NEAR(shifted.bias[1].item<double>(), 0.0 - 0.5 * std::log(0.09), 1e-6);
  EXPECT_NEAR(shifted.bias[2].item<double>(), 2.0 - 0.5 * std::log(0.01), 1e-6);
  EXPECT_TRUE(at::equal(ShiftBias(SmallHead(), {90, 9, 1}, 0).bias, SmallHead().bias));
}

}  // namespace
}  // namespace tailcast::classifiers
