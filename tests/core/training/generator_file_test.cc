#include "core/training/generator_file.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/tensor/tensor_io.h"
#include "tests/core/base/scratch_folder.h"
#include "tests/core/training/small_generator_file.h"

namespace tailcast::training {
namespace {

using ::testing::HasSubstr;

TEST(GeneratorFileTest, ReadsWhatWasWritten) {
  const ScratchFolder folder;
  const std::string path = folder.File("g.safetensors");
  const GeneratorFile file = SmallGeneratorFile();
  ASSERT_TRUE(WriteGeneratorFile(path, file).ok());
  const auto read = ReadGeneratorFile(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(ToJson(read->generator->spec()), ToJson(file.generator->spec()));
  EXPECT_EQ(TensorDigests(read->generator->tensors()), TensorDigests(file.generator->tensors()));
  EXPECT_EQ(read->space, file.space);
  EXPECT_EQ(read->class_names, file.class_names);
  EXPECT_EQ(read->class_counts, file.class_counts);
  EXPECT_EQ(read->dataset, "toy");
  EXPECT_EQ(read->figures, file.figures);
}

TEST(GeneratorFileTest, KeepsAnEncodersFingerprint) {
  GeneratorFile file = SmallGeneratorFile();
  file.space.imported_name.clear();
  file.space.encoder = Sha256Of("an encoder");
  const auto bytes = SerializeGeneratorFile(file);
  ASSERT_TRUE(bytes.ok());
  const auto read = ParseGeneratorFile(*SafetensorsFile::Parse(*bytes, "g"));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->space, file.space);
}

TEST(GeneratorFileTest, EqualContentGivesEqualBytes) {
  EXPECT_EQ(*SerializeGeneratorFile(SmallGeneratorFile()),
            *SerializeGeneratorFile(SmallGeneratorFile()));
}

TEST(GeneratorFileTest, RefusesFiguresThatAreNoJson) {
  GeneratorFile file = SmallGeneratorFile();
  file.figures["training_loss"] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(SerializeGeneratorFile(file).status().code(), absl::StatusCode::kInvalidArgument);
}

// The message that a file gets after one change.
template <typename Change>
std::string ErrorAfter(Change change) {
  const auto file = SafetensorsFile::Parse(*SerializeGeneratorFile(SmallGeneratorFile()), "g.st");
  NamedTensors tensors = *ReadTensors(*file);
  Metadata metadata = file->metadata();
  change(tensors, metadata);
  const auto changed = SafetensorsFile::Parse(*SerializeTensors(tensors, metadata), "g.st");
  const auto read = ParseGeneratorFile(*changed);
  EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument) << read.status();
  EXPECT_THAT(std::string(read.status().message()), HasSubstr("g.st"));
  return std::string(read.status().message());
}

TEST(GeneratorFileTest, NamesEachMemberThatIsMissing) {
  for (const char* key : {"format", "generator", "feature_space", "class_names", "class_counts",
                          "dataset", "figures"}) {
    EXPECT_THAT(ErrorAfter([&](NamedTensors&, Metadata& metadata) { metadata.erase(key); }),
                HasSubstr(key));
  }
}

TEST(GeneratorFileTest, NamesEachMemberThatIsWrong) {
  const Metadata wrong = {
      {"format", "tailcast.generator.v9"}, {"generator", "{}"}, {"class_names", "[1]"},
      {"class_counts", "[1,2,-3]"},        {"figures", "{"},    {"encoder_fingerprint", "abc"}};
  for (const auto& [key, value] : wrong) {
    EXPECT_THAT(ErrorAfter([&, key = key, value = value](NamedTensors&, Metadata& metadata) {
                  if (key == "encoder_fingerprint") metadata.erase("feature_space");
                  metadata[key] = value;
                }),
                HasSubstr(key));
  }
}

TEST(GeneratorFileTest, RefusesTwoSpacesAndAnotherNumberOfClasses) {
  EXPECT_THAT(ErrorAfter([](NamedTensors&, Metadata& metadata) {
                metadata["encoder_fingerprint"] = ToHex(Digest{});
              }),
              HasSubstr("two feature spaces"));
  EXPECT_THAT(
      ErrorAfter([](NamedTensors&, Metadata& metadata) { metadata["class_counts"] = "[1,2]"; }),
      HasSubstr("3 class names and 2 class counts; expected 3 of each"));
}

TEST(GeneratorFileTest, RefusesAMissingTensorAndOneOfAnotherShape) {
  EXPECT_THAT(ErrorAfter([](NamedTensors& tensors, Metadata&) { tensors.erase("mean"); }),
              HasSubstr("mean"));
  EXPECT_THAT(ErrorAfter([](NamedTensors& tensors, Metadata&) { tensors["mean"] = at::ones({5}); }),
              HasSubstr("mean"));
}

TEST(GeneratorFileTest, NamesAFileThatIsMissing) {
  const auto read = ReadGeneratorFile("/no/such/generator.safetensors");
  EXPECT_EQ(read.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(read.status().message()), HasSubstr("/no/such/generator.safetensors"));
}

}  // namespace
}  // namespace tailcast::training
