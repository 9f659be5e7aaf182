#include "core/encoders/trained_encoder.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/encoders/normalize_images.h"
#include "core/tensor/compute_threads.h"
#include "tests/core/encoders/encoder_samples.h"

namespace tailcast::encoders {
namespace {

using ::testing::HasSubstr;

at::Tensor Encode(const TrainedEncoder& encoder, const at::Tensor& images) {
  return encoder.Encode(images, [] { return false; }).value();
}

TEST(NormalizeImagesTest, SubtractsTheMeanAndDividesByTheDeviation) {
  const ImageInput input = ColourSpec().input;
  at::Tensor images = at::zeros({1, 32, 32, 3}, at::kByte);
  images[0][3][5] = at::tensor({255, 51, 0}, at::kByte);
  const at::Tensor values = NormalizeImages(images, input);

  ASSERT_EQ(values.sizes(), (std::vector<int64_t>{1, 3, 32, 32}));
  EXPECT_NEAR(values[0][0][3][5].item<double>(), (1 - 0.1) / 0.5, 1e-6);
  EXPECT_NEAR(values[0][1][3][5].item<double>(), (0.2 - 0.2) / 0.25, 1e-6);
  EXPECT_NEAR(values[0][2][3][5].item<double>(), (0 - 0.3) / 1, 1e-6);
  EXPECT_NEAR(values[0][0][0][0].item<double>(), (0 - 0.1) / 0.5, 1e-6);
}

TEST(NormalizeImagesTest, BgrExchangesRedAndBlue) {
  const at::Tensor images = RandomImages(3, ColourSpec().input);
  const at::Tensor rgb = NormalizeImages(images.flip({3}), ColourSpec(ChannelOrder::kRgb).input);
  EXPECT_TRUE(at::equal(NormalizeImages(images, ColourSpec(ChannelOrder::kBgr).input), rgb));
}

// The promise that lets features be compared bit by bit.
TEST(TrainedEncoderTest, AFeatureDoesNotDependOnTheImagesBesideIt) {
  for (const EncoderSpec& spec : {GraySpec(), ColourSpec()}) {
    const auto encoder = RandomEncoder(spec);
    const at::Tensor images = RandomImages(300, spec.input);
    const at::Tensor all = Encode(*encoder, images);
    ASSERT_EQ(all.sizes(), (std::vector<int64_t>{300, 64}));

    for (const int64_t i : {0, 1, 127, 128, 255, 299}) {
      EXPECT_TRUE(at::equal(Encode(*encoder, images.slice(0, i, i + 1))[0], all[i])) << i;
    }
    const at::Tensor order =
        at::randperm(300, at::detail::createCPUGenerator(/*seed=*/3), at::kLong);
    EXPECT_TRUE(
        at::equal(Encode(*encoder, images.index_select(0, order)), all.index_select(0, order)));
    for (const int64_t count : {2, 127, 128, 129, 256, 257}) {
      EXPECT_TRUE(at::equal(Encode(*encoder, images.slice(0, 0, count)), all.slice(0, 0, count)));
    }
  }
}

// Server and command line have different numbers of threads.
TEST(TrainedEncoderTest, AFeatureDoesNotDependOnTheNumberOfThreads) {
  const auto encoder = RandomEncoder(ColourSpec());
  const at::Tensor images = RandomImages(700, ColourSpec().input);
  UseOneComputeThread();
  const at::Tensor expected = Encode(*encoder, images);
  for (const int threads : {2, 3}) {
    SetComputeThreads(threads);
    const at::Tensor features = Encode(*encoder, images);
    EXPECT_EQ(ComputeThreads(), threads);
    EXPECT_TRUE(at::equal(features, expected)) << threads;
    EXPECT_FALSE(features.requires_grad());
  }
  UseOneComputeThread();
}

TEST(TrainedEncoderTest, LargerImagesGoInSmallerPasses) {
  EXPECT_EQ(RandomEncoder(ColourSpec())->images_per_pass(), 128);
  EXPECT_EQ(RandomEncoder(GraySpec(/*side=*/4096))->images_per_pass(), 1);
  // 64 MiB over 4 bytes of 3 copies of 128 x 128 and 4 * 16 planes of 64 x 64.
  EXPECT_EQ(RandomEncoder(GraySpec(/*side=*/128))->images_per_pass(), 53);
}

TEST(TrainedEncoderTest, AFeatureOfALargeImageDoesNotDependOnThoseBesideIt) {
  const auto encoder = RandomEncoder(GraySpec(/*side=*/128));
  UseOneComputeThread();
  const at::Tensor images = RandomImages(60, encoder->spec().input);
  const at::Tensor all = Encode(*encoder, images);
  for (const int64_t i : {0, 52, 53, 59}) {
    EXPECT_TRUE(at::equal(Encode(*encoder, images.slice(0, i, i + 1))[0], all[i])) << i;
  }
}

TEST(TrainedEncoderTest, GivesWhatItsNetworkGives) {
  const EncoderSpec spec = GraySpec();
  const auto network = MakeEncoder(spec).value();
  ASSERT_TRUE(LoadModule(RandomWeights(spec), "random", *network).ok());
  network->eval();
  const at::NoGradGuard no_grad;
  const at::Tensor images = RandomImages(5, spec.input);
  EXPECT_TRUE(at::allclose(Encode(*RandomEncoder(spec), images),
                           network->forward(NormalizeImages(images, spec.input)), 1e-5, 1e-5));
}

TEST(TrainedEncoderTest, ItsFeaturesCanBeTrainedOn) {
  const at::Tensor features = Encode(*RandomEncoder(GraySpec()), RandomImages(2, GraySpec().input));
  EXPECT_FALSE(features.is_inference());
  EXPECT_FALSE(features.requires_grad());
}

TEST(TrainedEncoderTest, TheFingerprintFollowsWeightsAndInput) {
  const auto encoder = RandomEncoder(GraySpec());
  EXPECT_EQ(RandomEncoder(GraySpec())->fingerprint(), encoder->fingerprint());
  EXPECT_NE(RandomEncoder(GraySpec(), /*seed=*/9)->fingerprint(), encoder->fingerprint());
  EncoderSpec spec = GraySpec();
  spec.input.mean = {0.26};
  EXPECT_NE(RandomEncoder(spec)->fingerprint(), encoder->fingerprint());
  EXPECT_EQ(encoder->feature_space(), FeatureSpaceDigest(encoder->fingerprint(), 64, true));

  const auto again = TrainedEncoder::Create(encoder->spec(), encoder->tensors(), "again").value();
  EXPECT_EQ(again->fingerprint(), encoder->fingerprint());
}

TEST(TrainedEncoderTest, ImagesOfAnotherShapeOrTypeAreRefused) {
  const auto encoder = RandomEncoder(GraySpec());
  const auto error = [&](const at::Tensor& images) {
    const auto features = encoder->Encode(images, [] { return false; });
    EXPECT_EQ(features.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(features.status().message());
  };
  EXPECT_THAT(error(at::zeros({2, 28, 28}, at::kByte)), HasSubstr("[2, 28, 28]"));
  EXPECT_THAT(error(at::zeros({2, 27, 28, 1}, at::kByte)), HasSubstr("[*, 28, 28, 1]"));
  EXPECT_THAT(error(at::zeros({2, 28, 28, 3}, at::kByte)), HasSubstr("[*, 28, 28, 1]"));
  EXPECT_THAT(error(at::zeros({2, 28, 28, 1}, at::kFloat)), HasSubstr("Float; expected Byte"));
  EXPECT_THAT(error(at::zeros({0, 28, 28, 1}, at::kByte)), HasSubstr("empty"));
}

TEST(TrainedEncoderTest, StopsBeforeTheBatchWhenCancelled) {
  UseOneComputeThread();
  const auto encoder = RandomEncoder(GraySpec());
  int asked = 0;
  const auto features =
      encoder->Encode(RandomImages(300, GraySpec().input), [&] { return ++asked == 2; });
  EXPECT_EQ(features.status().code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(std::string(features.status().message()), HasSubstr("after 128 of 300 images"));
  EXPECT_EQ(asked, 2);
}

TEST(TrainedEncoderTest, WeightsThatDoNotFitAreNamed) {
  const auto error = [](const NamedTensors& tensors) {
    return std::string(
        TrainedEncoder::Create(GraySpec(), tensors, "enc.safetensors").status().message());
  };
  NamedTensors missing = RandomWeights(GraySpec());
  missing.erase("stem.weight");
  EXPECT_THAT(error(missing), HasSubstr("enc.safetensors: tensor 'stem.weight' is missing"));
  EXPECT_THAT(error(RandomWeights(ColourSpec())), HasSubstr("stem.weight"));
  NamedTensors damaged = RandomWeights(GraySpec());
  damaged["stem.scale"][3] = INFINITY;
  EXPECT_THAT(error(damaged), HasSubstr("'stem.scale' has a NaN or infinite value"));
}

}  // namespace
}  // namespace tailcast::encoders
