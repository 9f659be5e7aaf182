#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "core/base/files.h"
#include "core/tensor/compute_threads.h"
#include "core/training/generator_trainer.h"
#include "tests/core/base/scratch_folder.h"
#include "tests/core/training/recording_sink.h"
#include "tests/core/training/small_generator.h"

namespace tailcast::training {
namespace {

using ::testing::HasSubstr;

GeneratorTrainingOptions OptionsOf(diffusion::Objective objective) {
  GeneratorTrainingOptions options = SmallOptions();
  options.objective.objective = objective;
  return options;
}

TrainedGenerator Unbroken(const GeneratorTrainingOptions& options) {
  RecordingSink sink;
  return TrainGenerator(SmallData(), options, "", sink).value();
}

void ExpectSame(const TrainedGenerator& actual, const TrainedGenerator& expected) {
  ASSERT_EQ(actual.tensors.size(), expected.tensors.size());
  for (const auto& [name, tensor] : expected.tensors) {
    EXPECT_TRUE(at::equal(actual.tensors.at(name), tensor)) << name;
  }
  EXPECT_EQ(actual.figures, expected.figures);
}

void StopAfter(int64_t steps, const GeneratorTrainingOptions& options, const std::string& path) {
  RecordingSink sink;
  sink.stop_after = steps;
  const auto stopped = TrainGenerator(SmallData(), options, path, sink);
  EXPECT_EQ(stopped.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(sink.last_done, steps);
  EXPECT_EQ(sink.num_ends, 1);
  EXPECT_TRUE(PathExists(path));
}

class GeneratorResumeTest : public testing::TestWithParam<diffusion::Objective> {
 protected:
  void SetUp() override { UseOneComputeThread(); }
  const ScratchFolder folder_;
  const std::string path_ = folder_.File("g.checkpoint");
};

TEST_P(GeneratorResumeTest, AStopAtAnyStepChangesNoBit) {
  const auto options = OptionsOf(GetParam());
  const auto expected = Unbroken(options);
  for (const int64_t step : {0, 1, 7, 20, 39}) {
    ASSERT_TRUE(RemoveAll(path_).ok());
    StopAfter(step, options, path_);
    RecordingSink sink;

    const auto resumed = TrainGenerator(SmallData(), options, path_, sink);

    ASSERT_TRUE(resumed.ok()) << resumed.status();
    EXPECT_EQ(sink.first_done, step);
    EXPECT_EQ(sink.num_advances, 40 - step);
    ExpectSame(*resumed, expected);
  }
}

TEST_P(GeneratorResumeTest, ManyStopsChangeNoBit) {
  const auto options = OptionsOf(GetParam());
  for (const int64_t step : {3, 4, 15, 38}) StopAfter(step, options, path_);
  RecordingSink sink;

  ExpectSame(TrainGenerator(SmallData(), options, path_, sink).value(), Unbroken(options));
}

// As after a crash: the checkpoint is some steps old.
TEST_P(GeneratorResumeTest, AnOldCheckpointChangesNoBit) {
  auto options = OptionsOf(GetParam());
  options.checkpoint_seconds = 0.0;
  const std::string copy = folder_.File("copy");
  RecordingSink sink;
  sink.on_advance = [&](int64_t done) {
    if (done == 13) std::filesystem::copy_file(path_, copy);
  };
  ASSERT_TRUE(TrainGenerator(SmallData(), options, path_, sink).ok());
  RecordingSink resumed_sink;

  const auto resumed = TrainGenerator(SmallData(), options, copy, resumed_sink);

  EXPECT_EQ(resumed_sink.first_done, 12);
  ExpectSame(*resumed, Unbroken(options));
}

INSTANTIATE_TEST_SUITE_P(Objectives, GeneratorResumeTest,
                         testing::Values(diffusion::Objective::kDenoising,
                                         diffusion::Objective::kCbdm,
                                         diffusion::Objective::kDiffrop));

using GeneratorCheckpointTest = GeneratorResumeTest;

TEST_F(GeneratorCheckpointTest, AKilledProcessLosesNoBit) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto options = SmallOptions();
  options.checkpoint_seconds = 0.0;
  const std::string path = testing::TempDir() + "killed_generator.checkpoint";
  ASSERT_TRUE(RemoveAll(path).ok());
  EXPECT_EXIT(
      {
        RecordingSink sink;
        sink.on_advance = [](int64_t done) {
          if (done == 23) raise(SIGKILL);
        };
        (void)TrainGenerator(SmallData(), options, path, sink);
      },
      testing::KilledBySignal(SIGKILL), "");
  RecordingSink sink;

  const auto resumed = TrainGenerator(SmallData(), options, path, sink);

  EXPECT_EQ(sink.first_done, 22);
  ExpectSame(resumed.value(), Unbroken(options));
  ASSERT_TRUE(RemoveAll(path).ok());
}

TEST_F(GeneratorCheckpointTest, OneOfAFinishedRunGivesTheResultAtOnce) {
  auto options = SmallOptions();
  options.checkpoint_seconds = 0.0;
  RecordingSink sink, again;
  const auto first = TrainGenerator(SmallData(), options, path_, sink);

  ExpectSame(*TrainGenerator(SmallData(), options, path_, again), *first);
  EXPECT_EQ(again.num_advances, 0);
}

TEST_F(GeneratorCheckpointTest, IsWrittenOnAStopAndThenOnlyEverySoOften) {
  RecordingSink sink;
  ASSERT_TRUE(TrainGenerator(SmallData(), SmallOptions(), path_, sink).ok());

  EXPECT_FALSE(PathExists(path_)) << "the run took less than the interval";
}

TEST_F(GeneratorCheckpointTest, AStopWithoutAPathIsCancelledToo) {
  RecordingSink sink;
  sink.stop_after = 5;
  const auto stopped = TrainGenerator(SmallData(), SmallOptions(), "", sink);

  EXPECT_EQ(stopped.status(), absl::CancelledError("training was stopped after 5 of 40 steps"));
}

std::string RefusalOf(const GeneratorData& data, const GeneratorTrainingOptions& options,
                      const std::string& path) {
  RecordingSink sink;
  const auto refused = TrainGenerator(data, options, path, sink);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition) << refused.status();
  EXPECT_EQ(sink.num_advances, 0);
  return std::string(refused.status().message());
}

TEST_F(GeneratorCheckpointTest, OfOtherOptionsIsRefusedByName) {
  StopAfter(5, SmallOptions(), path_);
  auto options = SmallOptions();
  options.steps = 80;
  EXPECT_THAT(RefusalOf(SmallData(), options, path_),
              AllOf(HasSubstr(path_), HasSubstr("steps is '40'; expected 80")));
  options = SmallOptions();
  options.learning_rate = 1e-3;
  EXPECT_THAT(RefusalOf(SmallData(), options, path_),
              HasSubstr("learning_rate is '0.002'; expected 0.001"));
  options = OptionsOf(diffusion::Objective::kCbdm);
  EXPECT_THAT(RefusalOf(SmallData(), options, path_), HasSubstr("objective is '{"));
}

TEST_F(GeneratorCheckpointTest, OfOtherDataIsRefusedByName) {
  StopAfter(5, SmallOptions(), path_);
  GeneratorData data = SmallData();
  data.features[3][1] += 1e-3F;
  EXPECT_THAT(RefusalOf(data, SmallOptions(), path_), HasSubstr("features is "));
  data = SmallData();
  data.labels[59] = 1;
  EXPECT_THAT(RefusalOf(data, SmallOptions(), path_), HasSubstr("labels is "));
  data = SmallData();
  data.num_classes = 4;
  EXPECT_THAT(RefusalOf(data, SmallOptions(), path_), HasSubstr("num_classes is '3'; expected 4"));
}

TEST_F(GeneratorCheckpointTest, OfAnotherNumberOfThreadsIsRefused) {
  StopAfter(5, SmallOptions(), path_);
  SetComputeThreads(2);
  EXPECT_THAT(RefusalOf(SmallData(), SmallOptions(), path_),
              HasSubstr("threads is '1'; expected 2"));
}

TEST_F(GeneratorCheckpointTest, HowOftenItIsWrittenDoesNotMatter) {
  StopAfter(5, SmallOptions(), path_);
  auto options = SmallOptions();
  options.checkpoint_seconds = 99.0;
  RecordingSink sink;

  EXPECT_TRUE(TrainGenerator(SmallData(), options, path_, sink).ok());
}

TEST_F(GeneratorCheckpointTest, ADamagedOneIsRefusedAndLeft) {
  StopAfter(5, SmallOptions(), path_);
  std::string bytes = ReadFile(path_).value();
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  ASSERT_TRUE(WriteFileAtomically(path_, bytes).ok());
  RecordingSink sink;

  const auto refused = TrainGenerator(SmallData(), SmallOptions(), path_, sink);

  EXPECT_EQ(refused.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(refused.status().message(), HasSubstr(path_));
  EXPECT_EQ(ReadFile(path_).value(), bytes);
}

TEST_F(GeneratorCheckpointTest, AFolderThatIsNotThereIsAnError) {
  RecordingSink sink;
  sink.stop_after = 2;
  const auto stopped = TrainGenerator(SmallData(), SmallOptions(), folder_.File("no/c"), sink);

  EXPECT_EQ(stopped.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(stopped.status().message(), HasSubstr("no/c"));
}

}  // namespace
}  // namespace tailcast::training
