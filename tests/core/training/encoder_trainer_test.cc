#include "core/training/encoder_trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/metrics/accuracy.h"
#include "core/tensor/compute_threads.h"
#include "core/training/encode_dataset.h"
#include "core/training/encoder_run.h"
#include "tests/core/training/recording_sink.h"
#include "tests/core/training/small_images.h"

namespace tailcast::training {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string ErrorOf(const data::ImageDataset& images, const EncoderTrainingOptions& options) {
  RecordingSink sink;
  const auto file = TrainEncoder(images, options, "", sink);
  if (file.ok()) return "no error";
  EXPECT_EQ(file.status().code(), absl::StatusCode::kInvalidArgument) << file.status();
  return std::string(file.status().message());
}

// PyTorch's OneCycleLR(max_lr=0.1, total_steps=10): its own values, tests/golden/one_cycle.py.
TEST(OneCycleRateTest, IsThatOfPyTorch) {
  const EncoderTrainingOptions options{.learning_rate = 0.1};
  const std::vector<double> expected{0.004,
                                     0.052,
                                     0.1,
                                     0.0950484632013474,
                                     0.0811745653949763,
                                     0.0611262021936289,
                                     0.0388741978063711,
                                     0.0188258346050237,
                                     0.00495193679865263,
                                     4e-07};
  for (int64_t step = 0; step < 10; ++step) {
    EXPECT_NEAR(OneCycleRate(step, 10, options), expected[static_cast<size_t>(step)], 1e-12);
  }
}

TEST(OneCycleRateTest, StaysFiniteAndPositiveForAnyLengthAndShare) {
  for (const double share : {0.0, 0.1, 0.5, 0.99}) {
    for (const int64_t total : {1, 2, 3, 1000}) {
      const EncoderTrainingOptions options{.learning_rate = 0.3, .warmup_share = share};
      for (int64_t step = 0; step < total; ++step) {
        const double rate = OneCycleRate(step, total, options);
        EXPECT_TRUE(rate > 0 && rate <= 0.3 + 1e-12) << share << " " << total << " " << step;
      }
    }
  }
}

class EncoderTrainerTest : public testing::Test {
 protected:
  void SetUp() override { UseOneComputeThread(); }
};

TEST_F(EncoderTrainerTest, LearnsToTellClassesApart) {
  auto options = SmallEncoderOptions();
  options.epochs = 12;
  RecordingSink sink;
  const auto file = TrainEncoder(SmallImages({60, 40, 20}), options, "", sink);
  ASSERT_TRUE(file.ok()) << file.status();
  const data::ImageDataset fresh = SmallImages({30, 30, 31});
  const auto features = EncodeDataset(*file, fresh, "test", sink);
  EXPECT_GT(metrics::PercentEqual(file->head.Predict(features->features), features->labels), 90);
}

TEST_F(EncoderTrainerTest, TheResultSaysWhereItComesFrom) {
  RecordingSink sink;
  const auto file = TrainEncoder(SmallImages(), SmallEncoderOptions(), "", sink);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(file->class_counts, ElementsAre(20, 14, 9));
  EXPECT_THAT(file->class_names, ElementsAre("class0", "class1", "class2"));
  EXPECT_EQ(file->dataset, "toy");
  EXPECT_EQ(file->training["epochs"], 3);
  EXPECT_TRUE(file->training["final_loss"].is_number_float());
  EXPECT_EQ(file->encoder->spec().input.height, 16u);
  EXPECT_EQ(file->head.weight.sizes(), (std::vector<int64_t>{3, 64}));
}

TEST_F(EncoderTrainerTest, NormalisesByTheTrainingImages) {
  RecordingSink sink;
  const data::ImageDataset images = SmallImages();
  const auto file = TrainEncoder(images, SmallEncoderOptions(), "", sink);
  const at::Tensor values = images.images.to(at::kDouble) / 255;
  EXPECT_NEAR(file->encoder->spec().input.mean[0], values.mean().item<double>(), 1e-12);
  EXPECT_NEAR(file->encoder->spec().input.std[0], values.std(/*unbiased=*/false).item<double>(),
              1e-9);
}

TEST_F(EncoderTrainerTest, NormalisesEachChannelByItsOwnPixels) {
  data::ImageDataset images = data::ToyDataset({8, 8}, /*side=*/16, /*channels=*/3);
  const auto rng = at::detail::createCPUGenerator(/*seed=*/3);
  images.images = at::randint(0, 256, images.images.sizes(), rng, at::kByte);
  images.images.select(3, 1).bitwise_right_shift_(2);
  auto options = SmallEncoderOptions();
  options.epochs = 1;
  RecordingSink sink;
  const auto file = TrainEncoder(images, options, "", sink);
  ASSERT_TRUE(file.ok()) << file.status();
  for (int64_t c = 0; c < 3; ++c) {
    const at::Tensor values = images.images.select(3, c).to(at::kDouble) / 255;
    const ImageInput& input = file->encoder->spec().input;
    EXPECT_NEAR(input.mean[static_cast<size_t>(c)], values.mean().item<double>(), 1e-12);
    EXPECT_NEAR(input.std[static_cast<size_t>(c)], values.std(/*unbiased=*/false).item<double>(),
                1e-9);
  }
}

TEST_F(EncoderTrainerTest, DependsOnTheSeedAlone) {
  const auto train = [](int64_t seed) {
    auto options = SmallEncoderOptions();
    options.epochs = 1;
    options.seed = seed;
    RecordingSink sink;
    return TrainEncoder(SmallImages(), options, "", sink)->encoder->fingerprint();
  };
  EXPECT_EQ(train(0), train(0));
  EXPECT_NE(train(0), train(1));
}

TEST_F(EncoderTrainerTest, EveryImageIsSeenOnceAnEpoch) {
  RecordingSink sink;
  ASSERT_TRUE(TrainEncoder(SmallImages(), SmallEncoderOptions(), "", sink).ok());
  EXPECT_EQ(sink.total, 3 * 43);
  EXPECT_EQ(sink.last_done, 3 * 43);
  EXPECT_EQ(sink.num_advances, 9);
  EXPECT_EQ(sink.last_figures.front().first, "loss");
}

TEST_F(EncoderTrainerTest, WrongOptionsAreNamed) {
  const auto with = [](auto change) {
    auto options = SmallEncoderOptions();
    change(options);
    return ErrorOf(SmallImages(), options);
  };
  using Options = EncoderTrainingOptions;
  EXPECT_THAT(with([](Options& o) { o.epochs = 0; }), HasSubstr("epochs is 0; expected 1 to"));
  EXPECT_THAT(with([](Options& o) { o.epochs = 100'001; }), HasSubstr("epochs is 100001"));
  EXPECT_THAT(with([](Options& o) { o.batch_size = 1; }), HasSubstr("batch_size is 1; expected 2"));
  EXPECT_THAT(with([](Options& o) { o.learning_rate = std::nan(""); }),
              HasSubstr("learning_rate is nan"));
  EXPECT_THAT(with([](Options& o) { o.learning_rate = -1; }), HasSubstr("learning_rate is -1"));
  EXPECT_THAT(with([](Options& o) { o.warmup_share = 1; }), HasSubstr("warmup_share is 1"));
  EXPECT_THAT(with([](Options& o) { o.momentum = 1; }), HasSubstr("momentum is 1"));
  EXPECT_THAT(with([](Options& o) { o.weight_decay = -0.1; }), HasSubstr("weight_decay is -0.1"));
  EXPECT_THAT(with([](Options& o) { o.augmentation.crop_padding = -1; }),
              HasSubstr("crop_padding is -1"));
  EXPECT_THAT(with([](Options& o) { o.augmentation.crop_padding = 100'001; }),
              HasSubstr("crop_padding is 100001; expected 0 to 100000"));
  // At its limit the next wrong option is what is named; to train with it would take a terabyte.
  EXPECT_THAT(with([](Options& o) { o.augmentation.crop_padding = 100'000, o.seed = -1; }),
              HasSubstr("seed is -1"));
  EXPECT_THAT(with([](Options& o) { o.seed = -1; }), HasSubstr("seed is -1"));
  EXPECT_THAT(with([](Options& o) { o.mixup = 100; }), HasSubstr("mixup is 100; expected 0 to"));
  EXPECT_THAT(with([](Options& o) { o.checkpoint_seconds = -1; }),
              HasSubstr("checkpoint_seconds is -1"));
  EXPECT_THAT(with([](Options& o) { o.checkpoint_seconds = std::nan(""); }),
              HasSubstr("checkpoint_seconds is nan"));
  EXPECT_THAT(with([](Options& o) { o.architecture = "vit"; }), HasSubstr("'vit'"));
}

TEST_F(EncoderTrainerTest, APartWithoutImagesIsNotEncoded) {
  auto options = SmallEncoderOptions();
  options.epochs = 1;
  RecordingSink sink;
  const auto file = TrainEncoder(SmallImages(), options, "", sink);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(EncodeDataset(*file, SmallImages({0, 0, 0}), "validation", sink).status(),
            absl::InvalidArgumentError(
                "part 'validation' of data set 'toy' has no images; expected one or more"));
}

TEST_F(EncoderTrainerTest, AClassWithoutImagesIsNamed) {
  EXPECT_THAT(ErrorOf(SmallImages({5, 0, 5}), SmallEncoderOptions()),
              HasSubstr("class 1 (class1) has no training image"));
}

TEST_F(EncoderTrainerTest, ImagesThatAreTooSmallAreRefused) {
  EXPECT_THAT(ErrorOf(data::ToyDataset({5, 5}, /*side=*/15), SmallEncoderOptions()),
              HasSubstr("height is 15; expected 16"));
}

TEST_F(EncoderTrainerTest, ADivergedTrainingIsAnError) {
  auto options = SmallEncoderOptions();
  options.learning_rate = 99;
  options.weight_decay = 0.9;
  options.epochs = 10;
  RecordingSink sink;
  const auto file = TrainEncoder(SmallImages(), options, "", sink);
  EXPECT_EQ(file.status().code(), absl::StatusCode::kFailedPrecondition) << file.status();
  EXPECT_THAT(std::string(file.status().message()),
              HasSubstr("training diverged: the loss of step"));
  EXPECT_LT(sink.last_done, sink.total) << "it goes on to the end";
}

TEST_F(EncoderTrainerTest, ColourImagesHaveThreeChannelsOfTheirOwn) {
  data::ImageDataset images = data::ToyDataset({8, 8}, /*side=*/16, /*channels=*/3);
  images.images.select(3, 2).fill_(40);
  auto options = SmallEncoderOptions();
  options.epochs = 1;
  RecordingSink sink;
  const auto file = TrainEncoder(images, options, "", sink);
  ASSERT_TRUE(file.ok()) << file.status();
  const ImageInput& input = file->encoder->spec().input;
  EXPECT_EQ(input.order, ChannelOrder::kRgb);
  ASSERT_EQ(input.channels(), 3u);
  EXPECT_DOUBLE_EQ(input.mean[2], 40.0 / 255);
  EXPECT_EQ(input.std[2], 1);  // never varies
}

}  // namespace
}  // namespace tailcast::training
