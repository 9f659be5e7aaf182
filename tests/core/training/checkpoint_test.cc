#include "core/training/checkpoint.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/tensor/tensor_io.h"
#include "tests/core/base/scratch_folder.h"

namespace tailcast::training {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;

Checkpoint Sample() {
  return {.tensors = {{"weights.a", at::arange(6, at::kFloat).view({2, 3})},
                      {"rng", at::arange(5).to(at::kByte)},
                      {"steps_done", at::scalar_tensor(17, at::kLong)}},
          .run = {{"steps", "2000"}, {"data", "abc"}}};
}

TEST(CheckpointTest, IsReadBackAsItWas) {
  const ScratchFolder folder;
  const std::string path = folder.File("c");
  ASSERT_TRUE(SaveCheckpoint(path, Sample()).ok());

  const auto loaded = LoadCheckpoint(path);

  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->run, Sample().run);
  ASSERT_EQ(loaded->tensors.size(), 3U);
  for (const auto& [name, tensor] : Sample().tensors) {
    EXPECT_EQ(loaded->tensors.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(at::equal(loaded->tensors.at(name), tensor)) << name;
  }
}

TEST(CheckpointTest, SavingReplacesTheOldOneAndLeavesNothingBeside) {
  const ScratchFolder folder;
  const std::string path = folder.File("c");
  ASSERT_TRUE(SaveCheckpoint(path, Sample()).ok());
  Checkpoint newer = Sample();
  newer.run["steps"] = "3000";
  ASSERT_TRUE(SaveCheckpoint(path, newer).ok());

  EXPECT_EQ(LoadCheckpoint(path)->run.at("steps"), "3000");
  EXPECT_THAT(*ListDirectory(folder.path()), ElementsAre("c"));
}

TEST(CheckpointTest, AMissingOneIsNotFound) {
  const ScratchFolder folder;
  EXPECT_EQ(LoadCheckpoint(folder.File("c")).status().code(), absl::StatusCode::kNotFound);
}

void ExpectDamaged(const std::string& path, const std::string& bytes, const std::string& what) {
  ASSERT_TRUE(WriteFileAtomically(path, bytes).ok());
  const auto loaded = LoadCheckpoint(path);
  ASSERT_EQ(loaded.status().code(), absl::StatusCode::kDataLoss) << what;
  EXPECT_THAT(loaded.status().message(),
              HasSubstr(absl::StrCat("checkpoint '", path, "' is damaged")))
      << what;
}

TEST(CheckpointTest, AnyFlippedBitIsDamage) {
  const ScratchFolder folder;
  const std::string path = folder.File("c");
  ASSERT_TRUE(SaveCheckpoint(path, Sample()).ok());
  const std::string good = ReadFile(path).value();
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
    ASSERT_TRUE(WriteFileAtomically(path, bad).ok());
    const auto loaded = LoadCheckpoint(path);
    if (!loaded.ok()) {
      EXPECT_EQ(loaded.status().code(), absl::StatusCode::kDataLoss) << i;
      continue;
    }
    // White space between the header's members: nothing of the content.
    EXPECT_EQ(loaded->run, Sample().run) << i;
    EXPECT_TRUE(at::equal(loaded->tensors.at("weights.a"), Sample().tensors.at("weights.a"))) << i;
  }
}

TEST(CheckpointTest, ACutOneIsDamage) {
  const ScratchFolder folder;
  const std::string path = folder.File("c");
  ASSERT_TRUE(SaveCheckpoint(path, Sample()).ok());
  const std::string good = ReadFile(path).value();
  for (size_t length = 0; length < good.size(); length += 7) {
    ExpectDamaged(path, good.substr(0, length), absl::StrCat("length ", length));
  }
}

TEST(CheckpointTest, AnotherSafetensorsFileIsNoCheckpoint) {
  const ScratchFolder folder;
  const auto bytes = SerializeTensors({{"a", at::zeros({1})}}, {{"format", "tailcast.encoder.v1"}});
  ExpectDamaged(folder.File("c"), *bytes, "encoder");
}

TEST(CheckpointTest, OneWithoutTheDigestOfItsContentIsDamage) {
  const ScratchFolder folder;
  const std::string path = folder.File("c");
  const auto bytes = SerializeTensors({{"a", at::zeros({1})}},
                                      {{"format", "tailcast.checkpoint.v2"}, {"run.steps", "1"}});
  ASSERT_TRUE(WriteFileAtomically(path, *bytes).ok());
  const auto loaded = LoadCheckpoint(path);
  EXPECT_EQ(loaded.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(loaded.status().message(), HasSubstr("it lacks the digest of its content"));
}

TEST(CheckpointTest, SaysHowToGoOn) {
  const ScratchFolder folder;
  ASSERT_TRUE(WriteFileAtomically(folder.File("c"), "nonsense").ok());
  EXPECT_THAT(LoadCheckpoint(folder.File("c")).status().message(),
              HasSubstr("remove it to start from the beginning"));
}

TEST(CheckSameRunTest, NamesTheMemberThatDiffers) {
  EXPECT_TRUE(CheckSameRun(Sample(), Sample().run, "c").ok());

  const auto other = CheckSameRun(Sample(), {{"steps", "500"}, {"data", "abc"}}, "c.checkpoint");
  EXPECT_EQ(other.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(other.message(), HasSubstr("checkpoint 'c.checkpoint' belongs to another run: "
                                         "steps is '2000'; expected 500"));
}

TEST(CheckSameRunTest, NamesAMemberTooFewOrTooMany) {
  EXPECT_THAT(
      CheckSameRun(Sample(), {{"steps", "2000"}, {"data", "abc"}, {"seed", "1"}}, "c").message(),
      HasSubstr("seed is missing; expected 1"));
  EXPECT_THAT(CheckSameRun(Sample(), {{"data", "abc"}}, "c").message(),
              HasSubstr("'steps' is '2000'; expected no such member"));
}

TEST(TensorsUnderTest, TakesAPrefixOffThatWasPutOn) {
  NamedTensors all;
  AddTensors("weights", {{"a.b", at::zeros({1})}}, all);
  AddTensors("weights2", {{"c", at::zeros({1})}}, all);

  EXPECT_THAT(all, ElementsAre(Key("weights.a.b"), Key("weights2.c")));
  EXPECT_THAT(TensorsUnder("weights", all), ElementsAre(Key("a.b")));
}

}  // namespace
}  // namespace tailcast::training
