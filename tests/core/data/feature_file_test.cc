#include "core/data/feature_file.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "core/base/files.h"
#include "core/data/class_names.h"
#include "core/tensor/tensor_io.h"
#include "tests/core/base/scratch_folder.h"
#include "tests/core/data/small_feature_set.h"

namespace tailcast::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FeatureFileTest : public testing::Test {
 protected:
  // Writes a file of any tensors and metadata.
  void Write(const NamedTensors& tensors, const Metadata& metadata) {
    const auto bytes = SerializeTensors(tensors, metadata);
    ASSERT_TRUE(bytes.ok() && WriteFileAtomically(path_, *bytes).ok());
  }
  void WriteImported(const at::Tensor& features, const at::Tensor& labels) {
    Write({{"features", features}, {"labels", labels}}, {{"feature_space", "mine"}});
  }
  std::string ErrorOf(const FeatureFileOptions& options = {}) {
    const auto set = ReadFeatureFile(path_, options);
    if (set.ok()) return "no error";
    EXPECT_EQ(set.status().code(), absl::StatusCode::kInvalidArgument) << set.status();
    EXPECT_THAT(std::string(set.status().message()), HasSubstr("f.safetensors"));
    return std::string(set.status().message());
  }
  const ScratchFolder folder_;
  const std::string path_ = folder_.File("f.safetensors");
};

TEST_F(FeatureFileTest, ReadsWhatWasWritten) {
  const FeatureSet set = SmallFeatureSet();
  ASSERT_TRUE(WriteFeatureFile(path_, set).ok());
  const auto read = ReadFeatureFile(path_);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(at::equal(read->features, set.features));
  EXPECT_TRUE(at::equal(read->labels, set.labels));
  EXPECT_EQ(read->space, set.space);
  EXPECT_EQ(read->class_names, set.class_names);
  EXPECT_EQ(read->dataset, "toy");
  EXPECT_EQ(read->part, "train");
  EXPECT_THAT(read->class_counts(), ElementsAre(1, 0, 2));
}

TEST_F(FeatureFileTest, TheMetadataNamesEncoderDataSetAndPart) {
  ASSERT_TRUE(WriteFeatureFile(path_, SmallFeatureSet()).ok());
  const auto file = SafetensorsFile::Read(path_);
  EXPECT_EQ(*file->GetMetadata("encoder_fingerprint"), ToHex(Sha256Of("encoder")));
  EXPECT_EQ(*file->GetMetadata("dataset"), "toy");
  EXPECT_EQ(*file->GetMetadata("part"), "train");
  EXPECT_EQ(*file->GetMetadata("non_negative"), "true");
  EXPECT_EQ(*file->GetMetadata("class_names"), R"(["a","b","c"])");
  EXPECT_FALSE(file->GetMetadata("feature_space").ok());
}

TEST_F(FeatureFileTest, ImportedSpacesKeepTheirName) {
  FeatureSet set = SmallFeatureSet();
  set.space.imported_name = "mine";
  set.space.encoder = ImportedSpace("mine");
  ASSERT_TRUE(WriteFeatureFile(path_, set).ok());
  EXPECT_EQ(ReadFeatureFile(path_)->space, set.space);
  EXPECT_EQ(ReadFeatureFile(path_, {.imported_name = "mine"})->space, set.space);
  EXPECT_THAT(ErrorOf({.imported_name = "other"}),
              HasSubstr("space 'mine'; expected those of 'other'"));
}

TEST_F(FeatureFileTest, AFileThatNamesNoSpaceNeedsAName) {
  Write({{"features", at::ones({2, 3})}, {"labels", at::tensor({0, 1}, at::kLong)}}, {});
  EXPECT_THAT(ErrorOf(), HasSubstr("names no feature space"));
  const auto read = ReadFeatureFile(path_, {.imported_name = "mine"});
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->space.encoder, ImportedSpace("mine"));
  EXPECT_EQ(read->space.imported_name, "mine");
  EXPECT_EQ(read->space.dimension, 3u);
  EXPECT_FALSE(read->space.non_negative);
  EXPECT_TRUE(
      ReadFeatureFile(path_, {.imported_name = "mine", .non_negative = true})->space.non_negative);
}

TEST_F(FeatureFileTest, ContradictingSpacesAreRefused) {
  ASSERT_TRUE(WriteFeatureFile(path_, SmallFeatureSet()).ok());
  EXPECT_THAT(ErrorOf({.imported_name = "mine"}), HasSubstr("imported feature space 'mine'"));
  EXPECT_THAT(ErrorOf({.non_negative = false}), HasSubstr("non_negative is true; expected false"));

  const NamedTensors tensors{{"features", at::ones({1, 1})}, {"labels", at::zeros({1}, at::kLong)}};
  Write(tensors, {{"feature_space", "mine"}, {"encoder_fingerprint", std::string(64, 'a')}});
  EXPECT_THAT(ErrorOf(), HasSubstr("both"));
  Write(tensors, {{"encoder_fingerprint", "abc"}});
  EXPECT_THAT(ErrorOf(), HasSubstr("'abc'; expected 64 hexadecimal digits"));
  Write(tensors, {{"feature_space", "mine"}, {"non_negative", "yes"}});
  EXPECT_THAT(ErrorOf(), HasSubstr("non_negative is 'yes'"));
}

TEST_F(FeatureFileTest, PartsAreChosenByName) {
  Write({{"train.features", at::ones({2, 3})},
         {"train.labels", at::tensor({0, 1}, at::kLong)},
         {"test.features", at::zeros({1, 3})},
         {"test.labels", at::tensor({1}, at::kLong)}},
        {{"feature_space", "mine"}});
  EXPECT_EQ(ReadFeatureFile(path_, {.part = "train"})->size(), 2);
  const auto test = ReadFeatureFile(path_, {.part = "test"});
  EXPECT_EQ(test->size(), 1);
  EXPECT_EQ(test->part, "test");
  EXPECT_THAT(ErrorOf(), HasSubstr("no tensor 'features' among: test.features"));
  EXPECT_THAT(ErrorOf({.part = "val"}), HasSubstr("no tensor 'val.features'"));
}

TEST_F(FeatureFileTest, ValuesThatAreNotFiniteAreNamedByRowAndColumn) {
  for (const float value : {std::nanf(""), INFINITY, -INFINITY}) {
    at::Tensor features = at::ones({4, 3});
    features[2][1] = value;
    WriteImported(features, at::zeros({4}, at::kLong));
    EXPECT_THAT(ErrorOf(), HasSubstr("row 2, column 1"));
  }
}

TEST_F(FeatureFileTest, LabelsAreTakenUpToTheLastClass) {
  WriteImported(at::ones({3, 2}), at::tensor({0, 4, 1}, at::kLong));
  EXPECT_EQ(ReadFeatureFile(path_)->num_classes(), 5);
  EXPECT_EQ(ReadFeatureFile(path_, {.num_classes = 5})->num_classes(), 5);
  EXPECT_EQ(ReadFeatureFile(path_, {.num_classes = 9})->num_classes(), 9);
  EXPECT_THAT(ErrorOf({.num_classes = 4}), HasSubstr("4"));
  EXPECT_THAT(ErrorOf({.num_classes = -1}), HasSubstr("the number of classes is -1"));
  EXPECT_THAT(ErrorOf({.num_classes = 65537}), HasSubstr("expected 1 to 65536"));
}

TEST_F(FeatureFileTest, LabelsThatNoStreamCanHaveAreNamedByRowAndValue) {
  WriteImported(at::ones({3, 2}), at::tensor({0, 65535, 1}, at::kLong));
  EXPECT_EQ(ReadFeatureFile(path_)->num_classes(), 65536);
  for (const int64_t label : {int64_t{-1}, int64_t{65536}, std::numeric_limits<int64_t>::max(),
                              std::numeric_limits<int64_t>::min()}) {
    WriteImported(at::ones({3, 2}), at::tensor({int64_t{0}, int64_t{5}, label}, at::kLong));
    EXPECT_THAT(ErrorOf(), HasSubstr("labels: element 2 is " + std::to_string(label) +
                                     "; expected a class in [0, 65536)"));
  }
}

TEST_F(FeatureFileTest, ClassNamesMustBeAsManyAsAskedFor) {
  ASSERT_TRUE(WriteFeatureFile(path_, SmallFeatureSet()).ok());
  EXPECT_EQ(ReadFeatureFile(path_, {.num_classes = 3})->class_names, SmallFeatureSet().class_names);
  EXPECT_THAT(ErrorOf({.num_classes = 4}), HasSubstr("class_names has 3 names; expected 4"));
  Write({{"features", at::ones({1, 1})}, {"labels", at::zeros({1}, at::kLong)}},
        {{"feature_space", "mine"}, {"class_names", "{1"}});
  EXPECT_THAT(ErrorOf(), HasSubstr("class_names"));
}

TEST_F(FeatureFileTest, ClassNamesThatNoBundleCanHoldAreRefused) {
  Write({{"features", at::ones({1, 1})}, {"labels", at::zeros({1}, at::kLong)}},
        {{"feature_space", "mine"},
         {"class_names", "[\"" + std::string(kMaxClassNameBytes + 1, 'x') + "\"]"}});
  EXPECT_THAT(ErrorOf(), HasSubstr("class_names have 1048577 bytes together"));
}

TEST_F(FeatureFileTest, ShapesAndTypesAreChecked) {
  WriteImported(at::ones({3}), at::zeros({3}, at::kLong));
  EXPECT_THAT(ErrorOf(), HasSubstr("features"));
  WriteImported(at::ones({3, 2}), at::zeros({4}, at::kLong));
  EXPECT_THAT(ErrorOf(), HasSubstr("labels"));
  WriteImported(at::ones({3, 2}, at::kDouble), at::zeros({3}, at::kLong));
  EXPECT_THAT(ErrorOf(), HasSubstr("F64"));
  WriteImported(at::ones({3, 2}), at::zeros({3}, at::kInt));
  EXPECT_THAT(ErrorOf(), HasSubstr("I32"));
  WriteImported(at::ones({0, 2}), at::zeros({0}, at::kLong));
  EXPECT_THAT(ErrorOf(), HasSubstr("[0, 2]; expected one or more rows"));
  WriteImported(at::ones({2, 0}), at::zeros({2}, at::kLong));
  EXPECT_THAT(ErrorOf(), HasSubstr("[2, 0]; expected one or more rows and columns"));
  Write({{"features", at::ones({3, 2})}}, {{"feature_space", "mine"}});
  EXPECT_THAT(ErrorOf(), HasSubstr("labels"));
}

TEST_F(FeatureFileTest, ANegativeValueInANonNegativeSpaceIsNamed) {
  FeatureSet set = SmallFeatureSet();
  set.features[1][1] = -0.5;
  ASSERT_TRUE(WriteFeatureFile(path_, set).ok());
  EXPECT_THAT(ErrorOf(), HasSubstr("features[1, 1] is -0.5"));
}

TEST_F(FeatureFileTest, DamagedFilesAreRefusedAtEveryLength) {
  ASSERT_TRUE(WriteFeatureFile(path_, SmallFeatureSet()).ok());
  const std::string bytes = *ReadFile(path_);
  for (size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_TRUE(WriteFileAtomically(path_, bytes.substr(0, size)).ok());
    EXPECT_NE(ErrorOf(), "no error") << size;
  }
  EXPECT_EQ(ReadFeatureFile(folder_.File("none")).status().code(), absl::StatusCode::kNotFound);
}

TEST(FeatureSpaceTest, DifferentSpacesAreToldApartWithWhatDiffers) {
  const FeatureSpace space = SmallFeatureSet().space;
  FeatureSpace other = space;
  EXPECT_TRUE(CheckSameSpace(space, "a", other, "b").ok());
  other.dimension = 3;
  const auto refused = CheckSameSpace(other, "'f'", space, "the generator");
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr("'f' is of another feature space than the generator"));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("3 dimensions"));
  other = space;
  other.non_negative = false;
  EXPECT_FALSE(CheckSameSpace(other, "a", space, "b").ok());
  other = space;
  other.encoder = ImportedSpace("mine");
  EXPECT_FALSE(CheckSameSpace(other, "a", space, "b").ok());
}

}  // namespace
}  // namespace tailcast::data
