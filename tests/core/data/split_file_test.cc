#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

#include "core/base/files.h"
#include "core/data/long_tail_split.h"
#include "tests/core/base/scratch_folder.h"
#include "tests/core/data/toy_dataset.h"

namespace tailcast::data {
namespace {

using ::testing::HasSubstr;

LongTailSplit Split() {
  return MakeLongTailSplit(ToyDataset({30, 30, 30}),
                           {.imbalance_factor = 2.5, .validation_per_class = 4, .seed = 9})
      .value();
}

// What a reader says to the split's JSON with one member replaced.
std::string ErrorWith(const std::string& member, const nlohmann::json& value) {
  nlohmann::json json = ToJson(Split());
  json[member] = value;
  const auto read = LongTailSplitFromJson(json, "s.json");
  if (read.ok()) return "no error";
  EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(read.status().message()), HasSubstr("s.json"));
  return std::string(read.status().message());
}

TEST(SplitFileTest, ReadsWhatWasWritten) {
  const ScratchFolder folder;
  ASSERT_TRUE(WriteSplitFile(folder.File("s.json"), Split()).ok());
  const auto read = ReadSplitFile(folder.File("s.json"));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, Split());
}

TEST(SplitFileTest, EqualSplitsHaveEqualBytes) {
  const ScratchFolder folder;
  ASSERT_TRUE(WriteSplitFile(folder.File("a"), Split()).ok());
  ASSERT_TRUE(WriteSplitFile(folder.File("b"), *ReadSplitFile(folder.File("a"))).ok());
  EXPECT_EQ(*ReadFile(folder.File("a")), *ReadFile(folder.File("b")));
}

TEST(SplitFileTest, HasTheMembersOfTheFormat) {
  const nlohmann::json json = ToJson(Split());
  EXPECT_EQ(json["format"], "tailcast.split.v1");
  for (const char* member :
       {"dataset", "class_names", "class_order", "imbalance_factor", "validation_per_class", "seed",
        "class_counts", "train", "validation", "data_digest"}) {
    EXPECT_TRUE(json.contains(member)) << member;
  }
  EXPECT_EQ(json.size(), 11u);
}

TEST(SplitFileTest, EveryMemberIsNeededAndNoOther) {
  const nlohmann::json json = ToJson(Split());
  for (const auto& [member, value] : json.items()) {
    nlohmann::json without = json;
    without.erase(member);
    EXPECT_THAT(std::string(LongTailSplitFromJson(without, "s.json").status().message()),
                HasSubstr(member));
  }
  EXPECT_THAT(ErrorWith("surplus", 1), HasSubstr("surplus"));
}

TEST(SplitFileTest, WrongValuesAreNamed) {
  EXPECT_THAT(ErrorWith("format", "tailcast.split.v2"), HasSubstr("'tailcast.split.v2'"));
  EXPECT_THAT(ErrorWith("imbalance_factor", 0.5), HasSubstr("imbalance_factor"));
  EXPECT_THAT(ErrorWith("seed", -1), HasSubstr("seed"));
  EXPECT_THAT(ErrorWith("data_digest", "abc"),
              HasSubstr("data_digest is 'abc'; expected 64 hexadecimal digits"));
  EXPECT_THAT(ErrorWith("class_names", nlohmann::json::array()), HasSubstr("class_names"));
  EXPECT_THAT(ErrorWith("class_order", {0, 1, 1}), HasSubstr("class_order"));
  EXPECT_THAT(ErrorWith("class_order", {0, 1}), HasSubstr("class_order"));
  EXPECT_THAT(ErrorWith("class_counts", {26, 16}), HasSubstr("class_counts has 2"));
  EXPECT_THAT(ErrorWith("class_counts", {26, 16, 11}), HasSubstr("class_counts sum up to"));
  EXPECT_THAT(ErrorWith("class_counts", {INT64_MAX, INT64_MAX, 2}), HasSubstr("sum up to"));
  EXPECT_THAT(ErrorWith("validation_per_class", 5), HasSubstr("validation has 12 indices"));
}

TEST(SplitFileTest, IndicesAreAscendingAndInOnePart) {
  std::vector<int64_t> train = Split().train;
  std::swap(train[0], train[1]);
  EXPECT_THAT(ErrorWith("train", train), HasSubstr("train[1]"));
  train = Split().train;
  train[1] = train[0];
  EXPECT_THAT(ErrorWith("train", train), HasSubstr("train[1]"));
  train[0] = -1;
  EXPECT_THAT(ErrorWith("train", train), HasSubstr("train"));

  std::vector<int64_t> validation = Split().validation;
  validation.back() = Split().train.back();
  std::sort(validation.begin(), validation.end());
  EXPECT_THAT(ErrorWith("validation", validation), HasSubstr("is in train and in validation"));
}

// Spaces after the JSON mean nothing, so they make a file of any size.
TEST(SplitFileTest, FilesAreReadUpToTheirLimit) {
  constexpr size_t kMaxFileBytes = size_t{64} << 20;
  const ScratchFolder folder;
  ASSERT_TRUE(WriteSplitFile(folder.File("s.json"), Split()).ok());
  std::string text = *ReadFile(folder.File("s.json"));
  text.resize(kMaxFileBytes, ' ');
  ASSERT_TRUE(WriteFileAtomically(folder.File("s.json"), text).ok());
  EXPECT_TRUE(ReadSplitFile(folder.File("s.json")).ok());
  ASSERT_TRUE(WriteFileAtomically(folder.File("s.json"), text + " ").ok());
  EXPECT_THAT(std::string(ReadSplitFile(folder.File("s.json")).status().message()),
              HasSubstr("s.json' is too large; expected at most 67108864 bytes"));
}

TEST(SplitFileTest, ASplitThatNoReaderWouldTakeIsNotWritten) {
  const ScratchFolder folder;
  LongTailSplit split = Split();
  split.dataset.assign(size_t{64} << 20, 'x');
  const absl::Status status = WriteSplitFile(folder.File("s.json"), split);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("expected at most 67108864"));
  EXPECT_FALSE(PathExists(folder.File("s.json")));
}

TEST(SplitFileTest, DamagedFilesAreRefusedByName) {
  const ScratchFolder folder;
  ASSERT_TRUE(WriteSplitFile(folder.File("s.json"), Split()).ok());
  const std::string text = *ReadFile(folder.File("s.json"));
  for (const std::string& damaged : {std::string(), text.substr(0, text.size() / 2), text + "x"}) {
    ASSERT_TRUE(WriteFileAtomically(folder.File("d.json"), damaged).ok());
    const auto read = ReadSplitFile(folder.File("d.json"));
    EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(read.status().message()), HasSubstr("d.json"));
  }
  EXPECT_EQ(ReadSplitFile(folder.File("none")).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace tailcast::data
