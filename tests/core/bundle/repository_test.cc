#include "core/bundle/repository.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/bundle/bundle.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/base/scratch_folder.h"
#include "tests/core/base/unprivileged.h"
#include "tests/core/bundle/contents.h"

namespace tailcast::bundle {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixMicros(1'700'000'000'123'456);

class RepositoryTest : public ::testing::Test {
 protected:
  PublishResult Publish(const std::string& name, const std::string& bytes) {
    return repository_.Publish(name, BytesAsContents(bytes), kNow).value();
  }

  std::vector<std::string> Listed() {
    std::vector<std::string> names;
    const std::vector<VersionInfo> versions = repository_.List().value();
    for (const VersionInfo& info : versions) {
      names.push_back(info.name + "@" + std::to_string(info.version));
    }
    return names;
  }

  absl::StatusOr<int64_t> VersionOf(const std::string& reference) {
    const auto parsed = ParseBundleReference(reference);
    if (!parsed.ok()) return parsed.status();
    const auto info = repository_.Find(*parsed);
    if (!info.ok()) return info.status();
    return info->version;
  }

  std::string MessageOf(const std::string& reference) {
    return std::string(VersionOf(reference).status().message());
  }

  const ScratchFolder scratch_;
  const Repository repository_ = Repository::Open(scratch_.path()).value();
};

TEST_F(RepositoryTest, VersionsCountUpPerName) {
  EXPECT_EQ(Publish("a", "1").version.version, 1);
  EXPECT_EQ(Publish("a", "2").version.version, 2);
  EXPECT_EQ(Publish("b", "1").version.version, 1);
  EXPECT_THAT(Listed(), ElementsAre("a@1", "a@2", "b@1"));
}

TEST_F(RepositoryTest, APublishedVersionSaysWhatItIs) {
  const PublishResult result = Publish("a", "bytes");
  EXPECT_FALSE(result.existed);
  EXPECT_EQ(result.version.name, "a");
  EXPECT_EQ(result.version.folder, scratch_.path() + "/a/1");
  EXPECT_EQ(result.version.publish_time, kNow);
  EXPECT_EQ(result.version.digest, Sha256OfFile(result.version.folder + "/manifest.json").value());
  const VersionInfo found = repository_.Find({.name = "a"}).value();
  EXPECT_EQ(found.digest, result.version.digest);
  EXPECT_EQ(found.publish_time, kNow);
  EXPECT_EQ(found.folder, result.version.folder);
}

TEST_F(RepositoryTest, TheSameContentIsTheVersionThatExists) {
  Publish("a", "1");
  Publish("a", "2");
  const PublishResult highest = Publish("a", "2");
  EXPECT_TRUE(highest.existed);
  EXPECT_EQ(highest.version.version, 2);
  const PublishResult older = Publish("a", "1");
  EXPECT_TRUE(older.existed);
  EXPECT_EQ(older.version.version, 1);
  EXPECT_THAT(Listed(), ElementsAre("a@1", "a@2"));
}

TEST_F(RepositoryTest, TheSameContentUnderAnotherNameHasTheSameDigest) {
  EXPECT_EQ(Publish("a", "1").version.digest, Publish("b", "1").version.digest);
  EXPECT_THAT(Listed(), ElementsAre("a@1", "b@1"));
}

TEST_F(RepositoryTest, VersionsAreOrderedAsNumbers) {
  for (int i = 0; i < 11; ++i) Publish("a", std::to_string(i));
  EXPECT_EQ(Listed()[1], "a@2");
  EXPECT_EQ(Listed()[9], "a@10");
  EXPECT_EQ(VersionOf("a").value(), 11);
}

TEST_F(RepositoryTest, ANumberThatIsTakenByAnythingIsNotUsed) {
  Publish("a", "1");
  std::filesystem::create_directories(scratch_.File("a/7"));
  EXPECT_EQ(Publish("a", "2").version.version, 8);
  EXPECT_THAT(Listed(), ElementsAre("a@1", "a@8"));
}

TEST_F(RepositoryTest, HalfWrittenAndForeignEntriesAreLeftOut) {
  Publish("a", "1");
  for (const char* folder : {"a/.staging-1-2", "a/02", "a/-3", "a/4x", "a/0", "Upper/1", ".git"}) {
    std::filesystem::create_directories(scratch_.File(folder));
    for (const char* file : {"manifest.json", "publish.json"}) {
      std::filesystem::copy(scratch_.File("a/1/") + file,
                            scratch_.File(std::string(folder) + "/" + file));
    }
  }
  std::filesystem::create_directories(scratch_.File("a/5"));  // empty
  std::filesystem::create_directories(scratch_.File("a/6"));
  std::filesystem::copy(scratch_.File("a/1/manifest.json"), scratch_.File("a/6/manifest.json"));
  std::filesystem::create_directories(scratch_.File("empty"));
  ASSERT_TRUE(WriteFileAtomically(scratch_.File("file"), "").ok());
  EXPECT_THAT(Listed(), ElementsAre("a@1"));
  EXPECT_EQ(VersionOf("a").value(), 1);
  EXPECT_THAT(MessageOf("empty"), HasSubstr("no bundle 'empty'"));
  EXPECT_THAT(MessageOf("empty"), ::testing::EndsWith("there is: a"));
  EXPECT_EQ(repository_.Labels("empty").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(RepositoryTest, WhatAKilledWriterLeftIsRemovedByTheNext) {
  Publish("a", "1");
  std::filesystem::create_directories(scratch_.File("a/.staging-99999-abcd"));
  ASSERT_TRUE(WriteFileAtomically(scratch_.File("a/.staging-99999-abcd/x"), "half").ok());
  ASSERT_TRUE(WriteFileAtomically(scratch_.File("a/labels.json") + kTemporaryEnding, "half").ok());
  Publish("a", "2");
  EXPECT_THAT(ListDirectory(scratch_.File("a")).value(), ElementsAre("1", "2"));
}

TEST_F(RepositoryTest, AnErrorNamesWhatIsMissingAndWhatThereIs) {
  Publish("a", "1");
  Publish("b", "1");
  ASSERT_TRUE(repository_.SetLabel("a", 1, "stable").ok());
  EXPECT_EQ(VersionOf("c").status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(MessageOf("c"), HasSubstr("no bundle 'c'"));
  EXPECT_THAT(MessageOf("c"), HasSubstr("a, b"));
  EXPECT_EQ(VersionOf("a@2").status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(MessageOf("a@2"), HasSubstr("no version 2; there is: 1"));
  EXPECT_EQ(VersionOf("a:canary").status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(MessageOf("a:canary"), HasSubstr("no label 'canary'; there is: stable"));
}

TEST_F(RepositoryTest, ALabelPointsAtAVersionAndMoves) {
  Publish("a", "1");
  Publish("a", "2");
  EXPECT_THAT(repository_.Labels("a").value(), IsEmpty());
  ASSERT_TRUE(repository_.SetLabel("a", 1, "stable").ok());
  ASSERT_TRUE(repository_.SetLabel("a", 2, "canary").ok());
  EXPECT_EQ(VersionOf("a:stable").value(), 1);
  ASSERT_TRUE(repository_.SetLabel("a", 2, "stable").ok());
  EXPECT_EQ(VersionOf("a:stable").value(), 2);
  const std::vector<LabelInfo> labels = repository_.Labels("a").value();
  ASSERT_EQ(labels.size(), 2);
  EXPECT_EQ(labels[0].label, "canary");
  EXPECT_EQ(labels[1].label, "stable");
  EXPECT_EQ(labels[1].version, 2);
  EXPECT_LT(absl::Now() - labels[1].update_time, absl::Minutes(5));
}

TEST_F(RepositoryTest, ALabelNeedsAVersionThatExists) {
  Publish("a", "1");
  EXPECT_EQ(repository_.SetLabel("a", 2, "stable").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(repository_.SetLabel("b", 1, "stable").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(repository_.SetLabel("a", 1, "Stable").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(repository_.Labels("b").status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(repository_.Labels("a").value(), IsEmpty());
}

TEST_F(RepositoryTest, DamagedLabelsAreAnErrorThatNamesTheFileAndAreNotOverwritten) {
  Publish("a", "1");
  const std::string path = scratch_.File("a/labels.json");
  const auto labels = [](const char* entry) {
    return absl::StrCat(R"({"format":"tailcast.labels.v1","labels":{)", entry, "}}");
  };
  for (const std::string& damaged :
       {std::string(), std::string("{"), std::string("{}"),
        std::string(R"({"format":"other","labels":{}})"), labels(R"("stable":{"version":0})"),
        labels(R"("UPPER":{"update_time":"2025-01-01T00:00:00Z","version":1})"),
        labels(R"("a":{"update_time":"infinite-future","version":1})"),
        labels(R"("a":{"update_time":"10000-01-01T00:00:00Z","version":1})"),
        labels(R"("a":{"update_time":"yesterday","version":1})")}) {
    ASSERT_TRUE(WriteFileAtomically(path, damaged).ok());
    EXPECT_EQ(repository_.Labels("a").status().code(), absl::StatusCode::kDataLoss) << damaged;
    EXPECT_THAT(MessageOf("a:stable"), HasSubstr(path)) << damaged;
    EXPECT_EQ(repository_.SetLabel("a", 1, "stable").code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(ReadFile(path).value(), damaged);
    EXPECT_EQ(VersionOf("a").value(), 1) << "without the label the version is there";
  }
}

TEST_F(RepositoryTest, ADamagedRecordHidesOnlyItsOwnVersion) {
  Publish("a", "1");
  Publish("a", "2");
  const std::string path = scratch_.File("a/2/publish.json");
  ASSERT_TRUE(WriteFileAtomically(path, "{").ok());
  EXPECT_THAT(Listed(), ElementsAre("a@1"));
  EXPECT_EQ(VersionOf("a@1").value(), 1);
  EXPECT_EQ(VersionOf("a").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(MessageOf("a@2"), HasSubstr(path));
}

TEST_F(RepositoryTest, AFolderThatMayNotBeReadHidesNoOther) {
  Publish("a", "1");
  Publish("b", "1");
  OpenToAll(scratch_.path());
  const ClosedFolder closed(scratch_.File("a"));
  const Unprivileged reader;
  EXPECT_THAT(Listed(), ElementsAre("b@1"));
  EXPECT_EQ(VersionOf("a").status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(RepositoryTest, ALabelIsNotMovedOntoADamagedVersion) {
  Publish("a", "1");
  ASSERT_TRUE(repository_.SetLabel("a", 1, "stable").ok());
  for (const char* const file : {"manifest.json", "generator.safetensors"}) {
    for (const bool removed : {true, false}) {
      const std::string bytes = absl::StrCat("some bytes ", file, removed);
      const PublishResult published = Publish("a", bytes);
      const std::string path = absl::StrCat(published.version.folder, "/", file);
      std::filesystem::permissions(path, std::filesystem::perms::owner_all);
      if (removed) {
        std::filesystem::remove(path);
      } else {
        std::filesystem::resize_file(path, 5);
      }
      const absl::Status status = repository_.SetLabel("a", published.version.version, "stable");
      // A folder without a manifest is no version at all.
      const bool is_version = !removed || file != std::string("manifest.json");
      EXPECT_EQ(status.code(),
                is_version ? absl::StatusCode::kDataLoss : absl::StatusCode::kNotFound)
          << status;
      EXPECT_THAT(std::string(status.message()), HasSubstr(is_version ? path : "no version"));
      EXPECT_EQ(VersionOf("a:stable").value(), 1);
    }
  }
}

TEST_F(RepositoryTest, AWrongNameIsRefusedWithTheRule) {
  const auto publish = repository_.Publish("../x", BytesAsContents("1"), kNow);
  EXPECT_EQ(publish.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(publish.status().message()), HasSubstr("[a-z0-9][a-z0-9._-]{0,62}"));
}

TEST_F(RepositoryTest, ContentsThatContradictThemselvesAreRefusedAndLeaveNothing) {
  BundleContents contents = BytesAsContents("1");
  contents.manifest.class_counts.pop_back();
  EXPECT_EQ(repository_.Publish("a", contents, kNow).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(ListDirectory(scratch_.path()).value(), IsEmpty());
}

TEST(OpenRepositoryTest, AMissingRootIsNotFoundAndAFileIsRefused) {
  const ScratchFolder scratch;
  const auto missing = Repository::Open(scratch.File("none"));
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr(scratch.File("none")));
  ASSERT_TRUE(WriteFileAtomically(scratch.File("file"), "x").ok());
  EXPECT_EQ(Repository::Open(scratch.File("file")).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Repository::OpenOrCreate(scratch.File("file")).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(Repository::OpenOrCreate(scratch.File("file/below")).ok());
}

TEST(OpenRepositoryTest, OpenOrCreateMakesTheFolder) {
  const ScratchFolder scratch;
  const auto repository = Repository::OpenOrCreate(scratch.File("deep/er"));
  ASSERT_TRUE(repository.ok());
  EXPECT_THAT(repository->List().value(), IsEmpty());
}

}  // namespace
}  // namespace tailcast::bundle
