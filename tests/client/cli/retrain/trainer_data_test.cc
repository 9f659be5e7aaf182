#include "client/cli/retrain/trainer_data.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "core/base/files.h"
#include "core/data/feature_file.h"
#include "core/encoders/make_encoder.h"
#include "core/encoders/trained_encoder.h"
#include "core/tensor/module_io.h"
#include "core/tensor/tensor_io.h"
#include "core/training/encoder_file.h"

namespace tailcast::retrain {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kClasses = 3;

class TrainerDataTest : public testing::Test {
 protected:
  TrainerDataTest() {
    folder_ = testing::TempDir() + "trainer_data_" +
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    WriteEncoder({5, 3, 2});
    WriteFeatures("train", {5, 3, 2});
    WriteFeatures("validation", {2, 2, 2});
    WriteFeatures("test", {4, 4, 4});
  }
  ~TrainerDataTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name + ".safetensors"; }

  TrainerFiles Files() const {
    TrainerFiles files;
    files.features = Path("train");
    files.validation = Path("validation");
    files.test = Path("test");
    files.encoder = Path("encoder");
    return files;
  }

  void WriteEncoder(const std::vector<int64_t>& counts) {
    encoders::EncoderSpec spec;
    spec.input = {
        .height = 28, .width = 28, .order = ChannelOrder::kGray, .mean = {0.3}, .std = {0.3}};
    const auto network = *encoders::MakeEncoder(spec);
    encoder_.encoder = *encoders::TrainedEncoder::Create(spec, ModuleTensors(*network), "test");
    const int64_t dimension = encoder_.encoder->feature_dim();
    encoder_.head = {.weight = at::ones({kClasses, dimension}), .bias = at::zeros({kClasses})};
    encoder_.class_names = {"a", "b", "c"};
    encoder_.class_counts = counts;
    encoder_.dataset = "sample";
    ASSERT_TRUE(training::WriteEncoderFile(Path("encoder"), encoder_).ok());
  }

  data::FeatureSet Features(const std::vector<int64_t>& counts) {
    data::FeatureSet set;
    set.labels = at::repeat_interleave(at::arange(kClasses), at::tensor(counts, at::kLong));
    set.features = at::ones({set.labels.size(0), encoder_.encoder->feature_dim()});
    set.space = encoder_.space();
    set.class_names = encoder_.class_names;
    set.dataset = "sample";
    return set;
  }

  void WriteFeatures(const std::string& part, const std::vector<int64_t>& counts) {
    Write(part, Features(counts));
  }
  void Write(const std::string& part, data::FeatureSet set) {
    set.part = part;
    const absl::Status status = data::WriteFeatureFile(Path(part), set);
    ASSERT_TRUE(status.ok()) << status;
  }

  absl::Status ReadStatus(const TrainerFiles& files) { return ReadTrainerData(files).status(); }

  std::string folder_;
  training::EncoderFile encoder_;
};

TEST_F(TrainerDataTest, ReadsWhatATrainerHas) {
  const auto data = ReadTrainerData(Files());
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(data->training.size(), 10);
  EXPECT_EQ(data->validation.size(), 6);
  EXPECT_THAT(data->class_counts, ElementsAre(5, 3, 2));
  EXPECT_EQ(data->space.digest(), encoder_.space().digest());
  EXPECT_EQ(data->dataset, "sample");
  EXPECT_TRUE(at::equal(data->stage1.weight, encoder_.head.weight));
  const auto test = ReadTestRows(Files(), *data);
  ASSERT_TRUE(test.ok()) << test.status();
  EXPECT_EQ(test->size(), 12);
}

TEST_F(TrainerDataTest, TestFeaturesMustExistButAreNotReadBeforeTheEnd) {
  TrainerFiles files = Files();
  ASSERT_TRUE(WriteFileAtomically(files.test, "not features").ok());
  const auto data = ReadTrainerData(files);
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(ReadTestRows(files, *data).status().code(), absl::StatusCode::kInvalidArgument);
  files.test = Path("missing");
  EXPECT_EQ(ReadStatus(files).code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(ReadStatus(files).message(), HasSubstr(files.test));
}

TEST_F(TrainerDataTest, CountsThatAreNotTheEncodersAreRefused) {
  WriteFeatures("train", {5, 3, 1});
  const absl::Status status = ReadStatus(Files());
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("5, 3, 1"), HasSubstr("5, 3, 2")));
}

TEST_F(TrainerDataTest, FeaturesOfAnotherSpaceAreRefusedNamingBothFiles) {
  data::FeatureSet other = Features({2, 2, 2});
  other.space.encoder.fill(1);
  Write("validation", other);
  const absl::Status status = ReadStatus(Files());
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), AllOf(HasSubstr(Path("validation")), HasSubstr(Path("train"))));
}

TEST_F(TrainerDataTest, ClassesInAnotherOrderAreRefused) {
  data::FeatureSet other = Features({2, 2, 2});
  other.class_names = {"b", "a", "c"};
  Write("validation", other);
  EXPECT_THAT(ReadStatus(Files()).message(), AllOf(HasSubstr("b, a, c"), HasSubstr("a, b, c")));
}

TEST_F(TrainerDataTest, AClassWithoutTestRowsIsNamed) {
  const auto data = ReadTrainerData(Files());
  ASSERT_TRUE(data.ok());
  WriteFeatures("test", {4, 0, 4});
  const absl::Status status = ReadTestRows(Files(), *data).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("class 1 (b)"), HasSubstr(Path("test"))));
}

TEST_F(TrainerDataTest, AHeadOfItsOwnReplacesTheEncoder) {
  TrainerFiles files = Files();
  files.encoder.clear();
  files.head = Path("head");
  const auto write_head = [&](int64_t dimension) {
    const NamedTensors tensors = {{"classifier.weight", at::full({kClasses, dimension}, 2.0f)},
                                  {"classifier.bias", at::zeros({kClasses})}};
    ASSERT_TRUE(WriteFileAtomically(files.head, *SerializeTensors(tensors, {})).ok());
  };
  write_head(encoder_.encoder->feature_dim());
  const auto data = ReadTrainerData(files);
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(data->stage1.weight[0][0].item<float>(), 2);
  write_head(7);
  EXPECT_THAT(ReadStatus(files).message(), AllOf(HasSubstr("has shape [3, 7]; expected [3, "), HasSubstr(files.head)));
}

TEST_F(TrainerDataTest, ClassesOfAGroupComeMostFrequentFirst) {
  TrainerData data;
  data.class_names = {"a", "b", "c", "d", "e"};
  data.class_counts = {3, 50, 9, 100, 7};
  data.class_groups = data::GroupClassesByRank(data.class_counts);
  EXPECT_THAT(ClassesOf(data, data::ClassGroup::kMany), ElementsAre(3, 1));
  EXPECT_THAT(ClassesOf(data, data::ClassGroup::kMedium), ElementsAre(2));
  EXPECT_THAT(ClassesOf(data, data::ClassGroup::kFew), ElementsAre(4, 0));
}

}  // namespace
}  // namespace tailcast::retrain
