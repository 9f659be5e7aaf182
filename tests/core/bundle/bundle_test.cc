#include "core/bundle/bundle.h"

#include <algorithm>
#include <filesystem>

#include "core/base/files.h"
#include "core/bundle/assemble.h"
#include "core/bundle/repository.h"
#include "core/tensor/tensor_io.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/base/scratch_folder.h"
#include "tests/core/bundle/contents.h"

namespace tailcast::bundle {
namespace {

using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

// A folder with version 1 of a bundle that holds everything.
class BundleTest : public ::testing::Test {
 protected:
  BundleTest() : folder_(Publish(AssembleBundle(FullParts()).value(), "full")) {}

  std::string Publish(const BundleContents& contents, const std::string& name) {
    const auto repository = Repository::OpenOrCreate(scratch_.path()).value();
    return repository.Publish(name, contents, kNow).value().version.folder;
  }

  std::string FilePath(const std::string& name) const { return folder_ + "/" + name; }

  // The fault that VerifyBundle() finds in a file; empty if it is sound.
  std::string FaultOf(const std::string& name) const {
    const std::vector<FileCheck> checks = VerifyBundle(folder_).value();
    for (const FileCheck& check : checks) {
      if (check.file == name) return check.fault;
    }
    return "not checked";
  }

  ScratchFolder scratch_;
  const std::string folder_;
};

void ExpectSameTensors(const NamedTensors& got, const NamedTensors& want) {
  ASSERT_EQ(got.size(), want.size());
  for (const auto& [name, tensor] : want) {
    ASSERT_EQ(got.count(name), 1) << name;
    EXPECT_TRUE(got.at(name).equal(tensor)) << name;
  }
}

TEST_F(BundleTest, HoldsWhatWasPublished) {
  const BundleParts parts = FullParts();
  const auto bundle = ReadBundle(folder_).value();
  ExpectSameTensors(bundle->generator->tensors(), parts.generator->tensors());
  ExpectSameTensors(bundle->encoder->tensors(), parts.encoder->tensors());
  ExpectSameTensors(bundle->classifier->tensors(), parts.classifier->tensors());
  EXPECT_EQ(bundle->encoder->fingerprint(), parts.encoder->fingerprint());
  EXPECT_EQ(bundle->manifest.class_names, parts.class_names);
  EXPECT_EQ(bundle->manifest.default_sampler, parts.default_sampler);
  EXPECT_EQ(bundle->digest, Sha256OfFile(FilePath(kManifestFile)).value());
}

TEST_F(BundleTest, EncoderAndClassifierAreOptional) {
  BundleParts parts = FullParts();
  parts.encoder = nullptr;
  parts.classifier.reset();
  parts.feature_space = ImportedManifest().feature_space;
  const auto bundle = ReadBundle(Publish(AssembleBundle(parts).value(), "bare")).value();
  EXPECT_EQ(bundle->encoder, nullptr);
  EXPECT_FALSE(bundle->classifier.has_value());
  EXPECT_EQ(bundle->manifest.feature_space.imported_name, "my features");
}

TEST_F(BundleTest, TheSamePartsMakeTheSameBytes) {
  const BundleContents first = AssembleBundle(FullParts()).value();
  const BundleContents second = AssembleBundle(FullParts()).value();
  EXPECT_EQ(first.files, second.files);
}

TEST_F(BundleTest, VerifyFindsNothingInASoundFolder) {
  const std::vector<FileCheck> checks = VerifyBundle(folder_).value();
  EXPECT_EQ(checks.size(), 5);
  for (const FileCheck& check : checks) {
    EXPECT_TRUE(check.ok) << check.file << ": " << check.fault;
    EXPECT_EQ(check.fault, "");
  }
}

TEST_F(BundleTest, AMissingFolderOrManifestIsNotFound) {
  for (const std::string& folder : {scratch_.File("nothing"), scratch_.path()}) {
    EXPECT_EQ(ReadBundle(folder).status().code(), absl::StatusCode::kNotFound);
    EXPECT_THAT(std::string(ReadBundle(folder).status().message()), HasSubstr(folder));
  }
  EXPECT_EQ(VerifyBundle(scratch_.File("nothing")).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(BundleTest, VerifyNamesAManifestAndARecordThatAreMissing) {
  for (const char* missing : {"manifest.json", "publish.json"}) {
    const std::string kept = ReadFile(FilePath(missing)).value();
    ASSERT_TRUE(RemoveAll(FilePath(missing)).ok());
    const std::vector<FileCheck> checks = VerifyBundle(folder_).value();
    for (const FileCheck& check : checks) {
      EXPECT_EQ(check.ok, check.file != missing) << check.file << ": " << check.fault;
      if (check.file == missing) {
        EXPECT_THAT(check.fault, HasSubstr(FilePath(missing)));
      }
    }
    ASSERT_TRUE(WriteFileAtomically(FilePath(missing), kept).ok());
  }
}

TEST_F(BundleTest, VerifyCanBeEndedBeforeAnyWeightFile) {
  int files = 0;
  const auto checks = VerifyBundle(folder_, [&files] {
    return ++files < 3 ? absl::OkStatus() : absl::CancelledError("enough");
  });
  EXPECT_EQ(files, 3);
  EXPECT_EQ(checks.status().code(), absl::StatusCode::kCancelled);
}

class DamagedFileTest : public BundleTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void ExpectCaught(const std::string& damage) {
    const auto bundle = ReadBundle(folder_);
    EXPECT_EQ(bundle.status().code(), absl::StatusCode::kDataLoss) << damage;
    EXPECT_THAT(std::string(bundle.status().message()), HasSubstr(GetParam())) << damage;
    // A record that cannot be told from a damaged manifest is a fault of the manifest.
    const std::vector<FileCheck> checks = VerifyBundle(folder_).value();
    const auto is_faulty = [](const FileCheck& check) { return !check.ok; };
    EXPECT_TRUE(std::any_of(checks.begin(), checks.end(), is_faulty)) << damage;
  }

  const std::string path_ = FilePath(GetParam());
  const std::string sound_ = ReadFile(path_).value();
};

TEST_P(DamagedFileTest, AFlippedBitIsDataLoss) {
  for (const size_t place : {size_t{0}, sound_.size() / 3, sound_.size() / 2, sound_.size() - 1}) {
    std::string damaged = sound_;
    damaged[place] ^= 1;
    ASSERT_TRUE(WriteFileAtomically(path_, damaged).ok());
    ExpectCaught("bit flipped");
  }
}

TEST_P(DamagedFileTest, AnotherLengthIsDataLoss) {
  for (const size_t size : {size_t{0}, size_t{1}, sound_.size() / 2, sound_.size() - 1}) {
    ASSERT_TRUE(WriteFileAtomically(path_, sound_.substr(0, size)).ok());
    ExpectCaught("truncated");
  }
  ASSERT_TRUE(WriteFileAtomically(path_, sound_ + sound_[0]).ok());
  ExpectCaught("extended");
}

INSTANTIATE_TEST_SUITE_P(AllFiles, DamagedFileTest,
                         ::testing::Values(kManifestFile, kPublishFile, kGeneratorFile,
                                           kEncoderFile, kClassifierFile),
                         [](const auto& info) {
                           const std::string name = info.param;
                           return name.substr(0, name.find('.'));
                         });

TEST_F(BundleTest, AMissingFileIsDataLossAndNamed) {
  for (const char* name : {kPublishFile, kGeneratorFile, kEncoderFile, kClassifierFile}) {
    const std::string kept = ReadFile(FilePath(name)).value();
    std::filesystem::remove(FilePath(name));
    EXPECT_EQ(ReadBundle(folder_).status().code(), absl::StatusCode::kDataLoss) << name;
    EXPECT_THAT(std::string(ReadBundle(folder_).status().message()), HasSubstr(name));
    EXPECT_NE(FaultOf(name), "") << name;
    ASSERT_TRUE(WriteFileAtomically(FilePath(name), kept).ok());
  }
  EXPECT_TRUE(ReadBundle(folder_).ok());
}

TEST_F(BundleTest, AFileTooManyIsFoundByVerify) {
  ASSERT_TRUE(WriteFileAtomically(FilePath("notes.txt"), "hello").ok());
  EXPECT_THAT(FaultOf("notes.txt"), HasSubstr("not in the manifest"));
  EXPECT_TRUE(ReadBundle(folder_).ok());
}

TEST_F(BundleTest, AnEncoderOfAnotherFeatureSpaceIsRefused) {
  BundleParts parts = FullParts();
  parts.feature_space.encoder[0] ^= 1;
  const auto contents = AssembleBundle(parts);
  EXPECT_EQ(contents.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(contents.status().message()), HasSubstr("fingerprint"));
}

TEST_F(BundleTest, AnEncoderFileOfAnotherFeatureSpaceIsInvalid) {
  BundleContents contents = AssembleBundle(FullParts()).value();
  contents.manifest.feature_space.encoder[0] ^= 1;
  const auto bundle = ReadBundle(Publish(contents, "mixed"));
  EXPECT_EQ(bundle.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(bundle.status().message()), HasSubstr("feature space"));
}

TEST_F(BundleTest, AClassifierOfAnotherShapeIsRefused) {
  BundleParts parts = FullParts();
  parts.classifier->weight = at::zeros({kNumClasses, kFeatureDim + 1});
  EXPECT_EQ(AssembleBundle(parts).status().code(), absl::StatusCode::kInvalidArgument);

  BundleContents contents = AssembleBundle(FullParts()).value();
  contents.files[kClassifierFile] = SerializeTensors(parts.classifier->tensors(), {}).value();
  const auto bundle = ReadBundle(Publish(contents, "misshapen"));
  EXPECT_EQ(bundle.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(bundle.status().message()), HasSubstr(kClassifierFile));
}

TEST_F(BundleTest, AWeightFileThatIsNotSafetensorsIsInvalid) {
  const auto bundle = ReadBundle(Publish(BytesAsContents("no tensors"), "text"));
  EXPECT_EQ(bundle.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(bundle.status().message()), HasSubstr(kGeneratorFile));
}

TEST_F(BundleTest, AGeneratorFileWithAnotherTensorIsInvalid) {
  BundleContents contents = AssembleBundle(FullParts()).value();
  NamedTensors tensors = SmallGenerator()->tensors();
  tensors["extra"] = at::zeros({1});
  contents.files[kGeneratorFile] = SerializeTensors(tensors, {}).value();
  const auto bundle = ReadBundle(Publish(contents, "extra"));
  EXPECT_EQ(bundle.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(bundle.status().message()), HasSubstr("extra"));
}

}  // namespace
}  // namespace tailcast::bundle
