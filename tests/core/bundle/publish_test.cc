#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <random>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/bundle/bundle.h"
#include "core/bundle/repository.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/base/scratch_folder.h"
#include "tests/core/bundle/contents.h"

namespace tailcast::bundle {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Runs `body` in a process of its own; its result is the process's exit code.
pid_t Start(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  return child;
}

int Wait(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Status code of a publish in this process, as an exit code.
int PublishCode(const std::string& root, const std::string& name, const std::string& bytes) {
  const auto repository = Repository::Open(root);
  if (!repository.ok()) return static_cast<int>(repository.status().code());
  const auto result = repository->Publish(name, BytesAsContents(bytes), absl::Now());
  return static_cast<int>(result.status().code());
}

// Every version that is listed holds what its digests say, and labels point at versions.
void ExpectWhole(const std::string& root) {
  const Repository repository = Repository::Open(root).value();
  const auto versions = repository.List();
  ASSERT_TRUE(versions.ok()) << versions.status();
  for (const VersionInfo& info : *versions) {
    const auto checks = VerifyBundle(info.folder);
    ASSERT_TRUE(checks.ok()) << checks.status();
    for (const FileCheck& check : *checks) {
      ASSERT_TRUE(check.ok) << info.folder << " " << check.file << ": " << check.fault;
    }
    const auto labels = repository.Labels(info.name);
    ASSERT_TRUE(labels.ok()) << labels.status();
    for (const LabelInfo& label : *labels) {
      ASSERT_TRUE(repository.Find({.name = info.name, .version = label.version}).ok());
    }
  }
}

// Everything under a folder but the lock file.
std::vector<std::string> Entries(const std::string& root) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().filename() != ".lock") names.push_back(entry.path().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool HasStagingFolder(const std::string& root) {
  for (const std::string& entry : Entries(root)) {
    if (absl::StrContains(entry, "/.staging-")) return true;
  }
  return false;
}

// Publishes and labels without end, each time other content.
int WriteForEver(const std::string& root, int round) {
  const Repository repository = Repository::Open(root).value();
  for (int i = 0;; ++i) {
    const std::string bytes = absl::StrCat(round, "-", i, std::string(200'000, 'x'));
    const auto result = repository.Publish("a", BytesAsContents(bytes), absl::Now());
    if (!result.ok()) return 1;
    if (!repository.SetLabel("a", result->version.version, i % 2 == 0 ? "stable" : "canary").ok()) {
      return 2;
    }
  }
}

TEST(PublishTest, AWriterKilledAtAnyMomentLeavesAWholeRepository) {
  constexpr int kRounds = 40;
  constexpr int kMaxMicroseconds = 30'000;
  const ScratchFolder scratch;
  std::mt19937 random(/*seed=*/1);
  int found_staging = 0;
  for (int round = 0; round < kRounds; ++round) {
    const pid_t writer = Start([&] { return WriteForEver(scratch.path(), round); });
    std::this_thread::sleep_for(
        std::chrono::microseconds(random() % static_cast<unsigned>(kMaxMicroseconds)));
    kill(writer, SIGKILL);
    EXPECT_EQ(Wait(writer), -1) << "the writer must not have failed before";
    found_staging += HasStagingFolder(scratch.path());
    ExpectWhole(scratch.path());
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(found_staging, 0) << "no kill fell into a publish; the test proves nothing";
  EXPECT_EQ(PublishCode(scratch.path(), "a", "last"), 0);
  EXPECT_FALSE(HasStagingFolder(scratch.path()));
}

TEST(PublishTest, ReadersSeeAWholeRepositoryWhileAWriterWorks) {
  const ScratchFolder scratch;
  ASSERT_EQ(PublishCode(scratch.path(), "a", "first"), 0);
  const pid_t writer = Start([&] { return WriteForEver(scratch.path(), 0); });
  const auto end = absl::Now() + absl::Milliseconds(700);
  while (absl::Now() < end && !HasFatalFailure()) ExpectWhole(scratch.path());
  kill(writer, SIGKILL);
  Wait(writer);
}

TEST(PublishTest, TwoWritersOfOtherContentGetOtherVersions) {
  constexpr int kVersions = 8;
  const ScratchFolder scratch;
  const auto write = [&](const char* who) {
    for (int i = 0; i < kVersions; ++i) {
      if (PublishCode(scratch.path(), "a", absl::StrCat(who, i)) != 0) return 1;
    }
    return 0;
  };
  const pid_t first = Start([&] { return write("first"); });
  const pid_t second = Start([&] { return write("second"); });
  EXPECT_EQ(Wait(first), 0);
  EXPECT_EQ(Wait(second), 0);
  EXPECT_EQ(Repository::Open(scratch.path())->List()->size(), 2 * kVersions);
  ExpectWhole(scratch.path());
}

TEST(PublishTest, TwoWritersOfTheSameContentGetTheSameVersion) {
  const ScratchFolder scratch;
  for (int round = 0; round < 10; ++round) {
    const std::string name = absl::StrCat("a", round);
    const pid_t first = Start([&] { return PublishCode(scratch.path(), name, "same"); });
    const pid_t second = Start([&] { return PublishCode(scratch.path(), name, "same"); });
    EXPECT_EQ(Wait(first), 0);
    EXPECT_EQ(Wait(second), 0);
  }
  EXPECT_EQ(Repository::Open(scratch.path())->List()->size(), 10);
}

TEST(PublishTest, AFileSizeLimitLeavesNothingBehind) {
  const ScratchFolder scratch;
  ASSERT_EQ(PublishCode(scratch.path(), "a", "small"), 0);
  const std::vector<std::string> before = Entries(scratch.path());
  const pid_t child = Start([&] {
    const rlimit limit = {.rlim_cur = 10'000, .rlim_max = 10'000};
    setrlimit(RLIMIT_FSIZE, &limit);
    const std::string large(20'000, 'x');
    const int known = PublishCode(scratch.path(), "a", large);
    const int unknown = PublishCode(scratch.path(), "new", large);
    return known == unknown ? known : -2;
  });
  EXPECT_EQ(Wait(child), static_cast<int>(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(Entries(scratch.path()), before);
}

TEST(PublishTest, AFileSizeLimitLeavesTheLabelsAsTheyWere) {
  const ScratchFolder scratch;
  ASSERT_EQ(PublishCode(scratch.path(), "a", "1"), 0);
  const Repository repository = Repository::Open(scratch.path()).value();
  ASSERT_TRUE(repository.SetLabel("a", 1, "stable").ok());
  const std::vector<std::string> before = Entries(scratch.path());
  const pid_t child = Start([&] {
    const rlimit limit = {.rlim_cur = 10, .rlim_max = 10};
    setrlimit(RLIMIT_FSIZE, &limit);
    return static_cast<int>(repository.SetLabel("a", 1, "canary").code());
  });
  EXPECT_EQ(Wait(child), static_cast<int>(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(Entries(scratch.path()), before);
  EXPECT_EQ(repository.Labels("a")->size(), 1);
}

TEST(PublishTest, ARootThatMayNotBeWrittenIsAnErrorAndStaysReadable) {
  constexpr uid_t kNobody = 65534;
  const ScratchFolder scratch;
  ASSERT_EQ(PublishCode(scratch.path(), "a", "1"), 0);
  std::filesystem::permissions(scratch.path(), std::filesystem::perms(0555));
  std::filesystem::permissions(scratch.File(".lock"), std::filesystem::perms(0444));
  const pid_t child = Start([&] {
    if (geteuid() == 0 && setuid(kNobody) != 0) return -2;
    const auto repository = Repository::Open(scratch.path());
    if (!repository.ok() || repository->List()->size() != 1) return -3;
    return PublishCode(scratch.path(), "b", "1");
  });
  EXPECT_EQ(Wait(child), static_cast<int>(absl::StatusCode::kPermissionDenied));
  std::filesystem::permissions(scratch.path(), std::filesystem::perms(0755));
}

TEST(PublishTest, ContentThatWasDamagedIsPublishedAgain) {
  const ScratchFolder scratch;
  const Repository repository = Repository::Open(scratch.path()).value();
  const auto publish = [&] {
    return repository.Publish("a", BytesAsContents("weights"), absl::Now()).value();
  };
  int64_t version = publish().version.version;
  for (const char* file : {kGeneratorFile, kManifestFile, kPublishFile}) {
    const std::string path = absl::StrCat(scratch.path(), "/a/", version, "/", file);
    std::string bytes = ReadFile(path).value();
    bytes[bytes.size() / 2] ^= 1;
    ASSERT_TRUE(WriteFileAtomically(path, bytes).ok());
    const PublishResult result = publish();
    EXPECT_FALSE(result.existed) << file;
    EXPECT_EQ(result.version.version, ++version) << file;
    EXPECT_EQ(ReadFile(path).value(), bytes) << "damage stays to be looked at";
  }
  ASSERT_TRUE(RemoveAll(absl::StrCat(scratch.path(), "/a/", version, "/", kGeneratorFile)).ok());
  EXPECT_EQ(publish().version.version, ++version);
  EXPECT_TRUE(publish().existed);
}

TEST(PublishTest, AFileTooManyDoesNotHideTheContent) {
  const ScratchFolder scratch;
  ASSERT_EQ(PublishCode(scratch.path(), "a", "weights"), 0);
  ASSERT_TRUE(WriteFileAtomically(scratch.File("a/1/notes.txt"), "hello").ok());
  const Repository repository = Repository::Open(scratch.path()).value();
  EXPECT_TRUE(repository.Publish("a", BytesAsContents("weights"), absl::Now())->existed);
}

TEST(PublishTest, NothingFollowsTheHighestVersionThatThereCanBe) {
  const ScratchFolder scratch;
  const auto take = [&](int64_t version) {
    std::filesystem::create_directories(scratch.File(absl::StrCat("a/", version)));
  };
  take(kMaxVersion - 1);
  const Repository repository = Repository::Open(scratch.path()).value();
  EXPECT_EQ(repository.Publish("a", BytesAsContents("1"), absl::Now())->version.version,
            kMaxVersion);
  const auto above = repository.Publish("a", BytesAsContents("2"), absl::Now());
  EXPECT_EQ(above.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(above.status().message()), HasSubstr("version 999999999999999999"));
}

TEST(PublishTest, AFileInTheWayOfANameIsAnErrorAndStays) {
  const ScratchFolder scratch;
  ASSERT_TRUE(WriteFileAtomically(scratch.File("a"), "a file").ok());
  EXPECT_NE(PublishCode(scratch.path(), "a", "1"), 0);
  EXPECT_EQ(ReadFile(scratch.File("a")).value(), "a file");
  EXPECT_THAT(Repository::Open(scratch.path())->List().value(), IsEmpty());
}

}  // namespace
}  // namespace tailcast::bundle
