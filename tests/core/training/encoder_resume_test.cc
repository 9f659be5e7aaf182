#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "core/base/files.h"
#include "core/tensor/compute_threads.h"
#include "core/training/checkpoint.h"
#include "core/training/encoder_trainer.h"
#include "tests/core/base/scratch_folder.h"
#include "tests/core/training/recording_sink.h"
#include "tests/core/training/small_images.h"

namespace tailcast::training {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kImagesPerEpoch = 43;

EncoderFile Unbroken() {
  RecordingSink sink;
  return TrainEncoder(SmallImages(), SmallEncoderOptions(), "", sink).value();
}

void ExpectSame(const EncoderFile& actual, const EncoderFile& expected) {
  EXPECT_EQ(actual.encoder->fingerprint(), expected.encoder->fingerprint());
  EXPECT_TRUE(at::equal(actual.head.weight, expected.head.weight));
  EXPECT_TRUE(at::equal(actual.head.bias, expected.head.bias));
  EXPECT_EQ(actual.training, expected.training);
}

void StopAfter(int64_t images, const std::string& path) {
  RecordingSink sink;
  sink.stop_after = images;
  const auto stopped = TrainEncoder(SmallImages(), SmallEncoderOptions(), path, sink);
  EXPECT_EQ(stopped.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(sink.last_done, images);
  EXPECT_EQ(sink.num_ends, 1);
  EXPECT_TRUE(PathExists(path));
}

class EncoderResumeTest : public testing::Test {
 protected:
  void SetUp() override { UseOneComputeThread(); }
  const ScratchFolder folder_;
  const std::string path_ = folder_.File("e.checkpoint");
};

TEST_F(EncoderResumeTest, AStopAfterAnyStepChangesNoBit) {
  const EncoderFile expected = Unbroken();
  for (const int64_t images : {0, 16, 32, 43, 59, 86, 118}) {
    ASSERT_TRUE(RemoveAll(path_).ok());
    StopAfter(images, path_);
    RecordingSink sink;

    const auto resumed = TrainEncoder(SmallImages(), SmallEncoderOptions(), path_, sink);

    ASSERT_TRUE(resumed.ok()) << resumed.status();
    EXPECT_EQ(sink.first_done, images);
    EXPECT_EQ(sink.total, 3 * kImagesPerEpoch);
    ExpectSame(*resumed, expected);
  }
}

TEST_F(EncoderResumeTest, ManyStopsChangeNoBit) {
  for (const int64_t images : {16, 32, 59, 102}) StopAfter(images, path_);
  RecordingSink sink;
  ExpectSame(TrainEncoder(SmallImages(), SmallEncoderOptions(), path_, sink).value(), Unbroken());
}

TEST_F(EncoderResumeTest, AKilledProcessLosesNoBit) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto options = SmallEncoderOptions();
  options.checkpoint_seconds = 0;
  const std::string path = testing::TempDir() + "killed_encoder.checkpoint";
  ASSERT_TRUE(RemoveAll(path).ok());
  EXPECT_EXIT(
      {
        RecordingSink sink;
        sink.on_advance = [](int64_t done) {
          if (done == 75) raise(SIGKILL);
        };
        (void)TrainEncoder(SmallImages(), options, path, sink);
      },
      testing::KilledBySignal(SIGKILL), "");
  RecordingSink sink;

  const auto resumed = TrainEncoder(SmallImages(), options, path, sink);

  EXPECT_EQ(sink.first_done, 59);  // the checkpoint before the step in which it was killed
  ExpectSame(resumed.value(), Unbroken());
  ASSERT_TRUE(RemoveAll(path).ok());
}

TEST_F(EncoderResumeTest, AFinishedRunGivesTheResultAtOnce) {
  auto options = SmallEncoderOptions();
  options.checkpoint_seconds = 0;
  RecordingSink sink, again;
  const auto first = TrainEncoder(SmallImages(), options, path_, sink);
  ExpectSame(*TrainEncoder(SmallImages(), options, path_, again), *first);
  EXPECT_EQ(again.num_advances, 0);
}

TEST_F(EncoderResumeTest, ACheckpointOfOtherOptionsOrImagesIsRefused) {
  StopAfter(43, path_);
  const auto error = [&](const data::ImageDataset& images, const EncoderTrainingOptions& options) {
    RecordingSink sink;
    const auto refused = TrainEncoder(images, options, path_, sink);
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(refused.status().message()), HasSubstr(path_));
    return std::string(refused.status().message());
  };
  auto options = SmallEncoderOptions();
  options.learning_rate = 0.06;
  EXPECT_THAT(error(SmallImages(), options), HasSubstr("learning_rate is '0.05'; expected 0.06"));
  options = SmallEncoderOptions();
  options.seed = 1;
  EXPECT_THAT(error(SmallImages(), options), HasSubstr("seed is '0'; expected 1"));
  data::ImageDataset images = SmallImages();
  images.images[3][4][5] += 1;
  EXPECT_THAT(error(images, SmallEncoderOptions()), HasSubstr("images is"));
}

TEST_F(EncoderResumeTest, ACheckpointOfAnotherNumberOfThreadsIsRefused) {
  StopAfter(43, path_);
  SetComputeThreads(2);
  RecordingSink sink;
  const auto refused = TrainEncoder(SmallImages(), SmallEncoderOptions(), path_, sink);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("threads is '1'; expected 2"));
}

// One that its own digest does not give away.
TEST_F(EncoderResumeTest, ACheckpointWithoutATensorIsDataLoss) {
  StopAfter(43, path_);
  const Checkpoint whole = LoadCheckpoint(path_).value();
  for (const char* name : {"encoder.stem.weight", "head.classifier.bias", "optimizer.0.momentum",
                           "loss_sum", "steps_done"}) {
    Checkpoint damaged = whole;
    ASSERT_EQ(damaged.tensors.erase(name), 1u) << name;
    ASSERT_TRUE(SaveCheckpoint(path_, damaged).ok());
    RecordingSink sink;
    const auto refused = TrainEncoder(SmallImages(), SmallEncoderOptions(), path_, sink);
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kDataLoss) << refused.status();
    EXPECT_THAT(std::string(refused.status().message()), HasSubstr(path_)) << name;
  }
  Checkpoint beyond = whole;
  beyond.tensors["steps_done"] = at::scalar_tensor(10, at::kLong);
  ASSERT_TRUE(SaveCheckpoint(path_, beyond).ok());
  RecordingSink sink;
  EXPECT_THAT(
      std::string(
          TrainEncoder(SmallImages(), SmallEncoderOptions(), path_, sink).status().message()),
      HasSubstr("steps_done is 10; expected 0 to 9"));
}

TEST_F(EncoderResumeTest, ADamagedCheckpointIsRefused) {
  StopAfter(43, path_);
  std::string bytes = ReadFile(path_).value();
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_TRUE(WriteFileAtomically(path_, bytes).ok());
  RecordingSink sink;
  EXPECT_EQ(TrainEncoder(SmallImages(), SmallEncoderOptions(), path_, sink).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(EncoderResumeTest, ACheckpointThatCannotBeWrittenIsAnError) {
  auto options = SmallEncoderOptions();
  options.checkpoint_seconds = 0;
  RecordingSink sink;
  EXPECT_FALSE(TrainEncoder(SmallImages(), options, folder_.File("no/such/folder"), sink).ok());
  EXPECT_EQ(sink.num_ends, 1);
}

}  // namespace
}  // namespace tailcast::training
