#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/bundle/assemble.h"
#include "core/bundle/bundle.h"
#include "core/bundle/records.h"
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

// A version whose weight file and its size in the manifest can be replaced, in records that agree.
class ReadBundleTest : public ::testing::Test {
 protected:
  void SetListedSize(int64_t size_bytes) {
    nlohmann::json manifest = nlohmann::json::parse(ReadFile(File(kManifestFile)).value());
    manifest["files"][kGeneratorFile]["size_bytes"] = size_bytes;
    const std::string text = CanonicalJson(manifest).value();
    ASSERT_TRUE(WriteFileAtomically(File(kManifestFile), text).ok());
    const PublishRecord record = {
        .digest = Sha256Of(text), .publish_time = kNow, .tool_version = "0.1.0"};
    ASSERT_TRUE(
        WriteFileAtomically(File(kPublishFile), SerializePublishRecord(record).value()).ok());
  }

  // Zeros that need no place on the disk.
  void MakeSparse(int64_t size_bytes) {
    std::filesystem::resize_file(File(kGeneratorFile), static_cast<uintmax_t>(size_bytes));
  }

  std::string File(const std::string& name) const { return folder_ + "/" + name; }

  const ScratchFolder scratch_;
  const Repository repository_ = Repository::Open(scratch_.path()).value();
  const std::string folder_ =
      repository_.Publish("a", AssembleBundle(FullParts()).value(), kNow).value().version.folder;
};

TEST_F(ReadBundleTest, AsksBeforeEachWeightFileAndEndsWithTheAnswer) {
  int asked = 0;
  const auto third_time = [&asked] {
    return ++asked == 3 ? absl::CancelledError("no more") : absl::OkStatus();
  };
  EXPECT_EQ(ReadBundle(folder_, third_time).status(), absl::CancelledError("no more"));
  EXPECT_EQ(asked, 3);
  EXPECT_TRUE(ReadBundle(folder_, third_time).ok());
  EXPECT_EQ(asked, 6) << "generator, encoder and classifier";
}

TEST_F(ReadBundleTest, AWeightFileAboveTheLimitIsRefusedUnread) {
  constexpr int64_t kHuge = int64_t{1} << 36;
  SetListedSize(kHuge);
  MakeSparse(kHuge);
  const auto bundle = ReadBundle(folder_);
  EXPECT_EQ(bundle.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(bundle.status().message()),
              HasSubstr("'size_bytes' is 68719476736; expected an integer in [1, 1090519040]"));
}

TEST_F(ReadBundleTest, AWeightFileLargerThanListedIsRefusedUnread) {
  MakeSparse(int64_t{1} << 36);
  const auto bundle = ReadBundle(folder_);
  EXPECT_EQ(bundle.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(bundle.status().message()), HasSubstr("is too large"));
}

TEST_F(ReadBundleTest, LackOfMemoryIsAStatus) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "sanitizers end the program where operator new would throw";
#endif
  constexpr rlim_t kSpare = rlim_t{64} << 20;
  SetListedSize(int64_t{1} << 30);
  MakeSparse(int64_t{1} << 30);
  const pid_t child = fork();
  if (child == 0) {
    int64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t used = static_cast<rlim_t>(pages) * static_cast<rlim_t>(getpagesize());
    const rlimit limit = {.rlim_cur = used + kSpare, .rlim_max = used + kSpare};
    setrlimit(RLIMIT_AS, &limit);
    _exit(static_cast<int>(ReadBundle(folder_).status().code()));
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), static_cast<int>(absl::StatusCode::kResourceExhausted));
}

TEST_F(ReadBundleTest, AClassifierFileWithAnotherTensorIsInvalid) {
  BundleContents contents = AssembleBundle(FullParts()).value();
  NamedTensors tensors = SmallClassifier().tensors();
  tensors["extra\n"] = at::zeros({1});
  contents.files[kClassifierFile] = SerializeTensors(tensors, {}).value();
  const auto version = repository_.Publish("extra", contents, kNow).value().version;
  const auto bundle = ReadBundle(version.folder);
  EXPECT_EQ(bundle.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(
      std::string(bundle.status().message()),
      HasSubstr(R"(classifier.safetensors': tensor 'extra\n' is not part of a classifier)"));
}

}  // namespace
}  // namespace tailcast::bundle
