#include "core/training/encoder_file.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "core/tensor/compute_threads.h"
#include "core/tensor/tensor_io.h"
#include "core/training/encode_dataset.h"
#include "tests/core/base/scratch_folder.h"
#include "tests/core/encoders/encoder_samples.h"
#include "tests/core/training/recording_sink.h"
#include "tests/core/training/small_images.h"

namespace tailcast::training {
namespace {

using ::testing::HasSubstr;

EncoderFile SmallFile() {
  EncoderFile file;
  file.encoder = encoders::RandomEncoder(encoders::GraySpec(16));
  file.head = {.weight = at::rand({3, 64}), .bias = at::rand({3})};
  file.class_names = {"class0", "class1", "class2"};
  file.class_counts = {20, 14, 9};
  file.dataset = "toy";
  file.training = {{"seed", 0}};
  return file;
}

class EncoderFileTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(WriteEncoderFile(path_, SmallFile()).ok()); }
  // Writes the file again with one change.
  template <typename Change>
  std::string ErrorAfter(Change change) {
    EXPECT_TRUE(WriteEncoderFile(path_, SmallFile()).ok());
    const auto file = SafetensorsFile::Read(path_).value();
    NamedTensors tensors = ReadTensors(file).value();
    Metadata metadata = file.metadata();
    change(tensors, metadata);
    EXPECT_TRUE(WriteFileAtomically(path_, SerializeTensors(tensors, metadata).value()).ok());
    const auto read = ReadEncoderFile(path_);
    if (read.ok()) return "no error";
    EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument) << read.status();
    EXPECT_THAT(std::string(read.status().message()), HasSubstr("e.safetensors"));
    return std::string(read.status().message());
  }
  const ScratchFolder folder_;
  const std::string path_ = folder_.File("e.safetensors");
};

TEST_F(EncoderFileTest, ReadsWhatWasWritten) {
  const EncoderFile file = SmallFile();
  ASSERT_TRUE(WriteEncoderFile(path_, file).ok());
  const auto read = ReadEncoderFile(path_);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->encoder->fingerprint(), file.encoder->fingerprint());
  EXPECT_TRUE(at::equal(read->head.weight, file.head.weight));
  EXPECT_TRUE(at::equal(read->head.bias, file.head.bias));
  EXPECT_EQ(read->class_names, file.class_names);
  EXPECT_EQ(read->class_counts, file.class_counts);
  EXPECT_EQ(read->dataset, file.dataset);
  EXPECT_EQ(read->training, file.training);
  EXPECT_EQ(read->space().digest(), file.encoder->feature_space());
}

TEST_F(EncoderFileTest, HasTheNamesOfTheFormat) {
  const auto file = SafetensorsFile::Read(path_);
  EXPECT_EQ(*file->GetMetadata("format"), "tailcast.encoder.v1");
  EXPECT_EQ(*file->GetMetadata("class_counts"), "[20,14,9]");
  EXPECT_TRUE(file->tensors().contains("encoder.stem.weight"));
  EXPECT_TRUE(file->tensors().contains("classifier.weight"));
  EXPECT_TRUE(file->tensors().contains("classifier.bias"));
}

TEST_F(EncoderFileTest, AChangedWeightDoesNotFitTheFingerprint) {
  EXPECT_THAT(ErrorAfter([](NamedTensors& tensors, Metadata&) {
                tensors["encoder.stem.weight"][0][0][0][0] += 1;
              }),
              HasSubstr("as its metadata says: the file is damaged"));
}

TEST_F(EncoderFileTest, MissingAndUnknownTensorsAreNamed) {
  EXPECT_THAT(ErrorAfter([](NamedTensors& t, Metadata&) { t.erase("encoder.stem.shift"); }),
              HasSubstr("'stem.shift' is missing"));
  EXPECT_THAT(ErrorAfter([](NamedTensors& t, Metadata&) { t["encoder.more"] = at::ones({1}); }),
              HasSubstr("'more' is unknown"));
  EXPECT_THAT(ErrorAfter([](NamedTensors& t, Metadata&) { t["other"] = at::ones({1}); }),
              HasSubstr("'other' is unknown"));
  EXPECT_THAT(ErrorAfter([](NamedTensors& t, Metadata&) { t.erase("classifier.bias"); }),
              HasSubstr("'classifier.bias' is missing"));
}

TEST_F(EncoderFileTest, EveryMetadataMemberIsNeeded) {
  for (const char* key : {"format", "encoder", "encoder_fingerprint", "class_names", "class_counts",
                          "dataset", "training"}) {
    EXPECT_THAT(ErrorAfter([&](NamedTensors&, Metadata& metadata) { metadata.erase(key); }),
                HasSubstr(key));
  }
}

TEST_F(EncoderFileTest, WrongMetadataIsNamed) {
  const auto with = [this](const char* key, const std::string& value) {
    return ErrorAfter([&](NamedTensors&, Metadata& metadata) { metadata[key] = value; });
  };
  EXPECT_THAT(with("format", "tailcast.generator.v1"), HasSubstr("'tailcast.generator.v1'"));
  EXPECT_THAT(with("encoder", "{"), HasSubstr("metadata encoder"));
  EXPECT_THAT(with("class_counts", "[1,2]"),
              HasSubstr("3 class names and 2 class counts; expected 3"));
  EXPECT_THAT(with("class_counts", "[1,2,-3]"), HasSubstr("class_counts"));
  EXPECT_THAT(ErrorAfter([](NamedTensors&, Metadata& metadata) {
                metadata["class_names"] = R"(["a","b"])";
                metadata["class_counts"] = "[1,2]";
              }),
              HasSubstr("2 class names and 2 class counts; expected 3 of each"));
}

TEST_F(EncoderFileTest, AHeadOfAnotherNumberOfFeaturesIsRefused) {
  EXPECT_THAT(ErrorAfter([](NamedTensors& tensors, Metadata&) {
                tensors["classifier.weight"] = at::ones({3, 63});
              }),
              HasSubstr("'classifier.weight' has shape [3, 63]; expected [*, 64]"));
}

TEST_F(EncoderFileTest, AForeignFileIsToldWhatWasExpected) {
  const char* expected = "expected 'tailcast.encoder.v1', a file of 'tailcast train encoder'";
  EXPECT_THAT(ErrorAfter([](NamedTensors&, Metadata& metadata) { metadata.clear(); }),
              HasSubstr(absl::StrCat("metadata has no format; ", expected)));
  EXPECT_THAT(ErrorAfter([](NamedTensors&, Metadata& metadata) { metadata["format"] = "x"; }),
              HasSubstr(absl::StrCat("metadata format is 'x'; ", expected)));
}

TEST_F(EncoderFileTest, TruncatedFilesAreRefused) {
  const std::string bytes = ReadFile(path_).value();
  for (const size_t size :
       {size_t{0}, size_t{7}, size_t{100}, bytes.size() / 2, bytes.size() - 1}) {
    ASSERT_TRUE(WriteFileAtomically(path_, bytes.substr(0, size)).ok());
    EXPECT_EQ(ReadEncoderFile(path_).status().code(), absl::StatusCode::kInvalidArgument) << size;
  }
  EXPECT_EQ(ReadEncoderFile(folder_.File("none")).status().code(), absl::StatusCode::kNotFound);
}

TEST(EncodeDatasetTest, GivesTheEncodersFeaturesInTheOrderOfTheImages) {
  UseOneComputeThread();
  const EncoderFile file = SmallFile();
  const data::ImageDataset images = SmallImages({1000, 200, 50});
  RecordingSink sink;
  const auto set = EncodeDataset(file, images, "validation", sink);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_TRUE(
      at::equal(set->features, file.encoder->Encode(images.images, [] { return false; }).value()));
  EXPECT_TRUE(at::equal(set->labels, images.labels));
  EXPECT_EQ(set->space.digest(), file.encoder->feature_space());
  EXPECT_EQ(set->part, "validation");
  EXPECT_EQ(set->dataset, "toy");
  EXPECT_EQ(set->class_names, images.class_names);
  EXPECT_EQ(sink.last_done, 1250);
  EXPECT_EQ(sink.num_ends, 1);
}

TEST(EncodeDatasetTest, OtherClassesOtherImagesAndAStopAreTold) {
  const EncoderFile file = SmallFile();
  RecordingSink sink;
  EXPECT_THAT(
      std::string(EncodeDataset(file, SmallImages({5, 5}), "test", sink).status().message()),
      HasSubstr("has 2 classes; expected the same 3"));
  EXPECT_THAT(
      std::string(EncodeDataset(file, data::ToyDataset({5, 5, 5}, /*side=*/17), "test", sink)
                      .status()
                      .message()),
      HasSubstr("[15, 17, 17, 1]"));
  sink.stop_after = 0;
  EXPECT_EQ(EncodeDataset(file, SmallImages(), "test", sink).status().code(),
            absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace tailcast::training
