#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/base/files.h"
#include "tests/core/base/scratch_folder.h"

namespace tailcast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Exit code of `work` in a process of its own, or minus the signal that ended it.
int RunInChild(const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) _exit(work());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void LimitFileSize(rlim_t bytes) {
  const rlimit limit = {.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};
  setrlimit(RLIMIT_FSIZE, &limit);
}

void ExpectModeOfANewFile(const std::string& path) {
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  const mode_t mask = umask(0);
  umask(mask);
  EXPECT_EQ(info.st_mode & 0777, 0666 & ~mask);
}

TEST(WriteFileAtomicallyTest, ReplacesTheFile) {
  const ScratchFolder folder;
  ASSERT_TRUE(WriteFileAtomically(folder.File("f"), "old").ok());
  ASSERT_TRUE(WriteFileAtomically(folder.File("f"), "new").ok());
  EXPECT_EQ(*ReadFile(folder.File("f")), "new");
  EXPECT_THAT(*ListDirectory(folder.path()), ElementsAre("f"));
}

TEST(WriteFileAtomicallyTest, FilesAreReadableForOthersAsTheMaskAllows) {
  const ScratchFolder folder;
  ASSERT_TRUE(WriteFileAtomically(folder.File("f"), "x").ok());
  ExpectModeOfANewFile(folder.File("f"));
}

TEST(WriteFileAtomicallyTest, AFullDiskLeavesTheOldFileAndNoTemporary) {
  const ScratchFolder folder;
  ASSERT_TRUE(WriteFileAtomically(folder.File("f"), "old").ok());
  const int code = RunInChild([&] {
    LimitFileSize(4096);
    const absl::Status status = WriteFileAtomically(folder.File("f"), std::string(1 << 20, 'x'));
    const bool names_file = status.message().find(folder.File("f")) != absl::string_view::npos;
    return names_file ? static_cast<int>(status.code()) : 99;
  });
  EXPECT_EQ(code, static_cast<int>(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(*ReadFile(folder.File("f")), "old");
  EXPECT_THAT(*ListDirectory(folder.path()), ElementsAre("f"));
}

TEST(WriteFileAtomicallyTest, AFileAtTheSizeLimitIsWritten) {
  const ScratchFolder folder;
  const auto write_bytes = [&](size_t size) {
    return RunInChild([&] {
      LimitFileSize(4096);
      return static_cast<int>(WriteFileAtomically(folder.File("f"), std::string(size, 'x')).code());
    });
  };
  EXPECT_EQ(write_bytes(4097), static_cast<int>(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(write_bytes(4096), 0);
  EXPECT_EQ(ReadFile(folder.File("f"))->size(), 4096u);
}

TEST(WriteFileAtomicallyTest, TheSizeSignalKeepsItsMeaningAfterwards) {
  const ScratchFolder folder;
  const int code = RunInChild([&] {
    LimitFileSize(10);
    const rlimit no_core = {};
    setrlimit(RLIMIT_CORE, &no_core);
    if (WriteFileAtomically(folder.File("f"), "more than ten bytes").ok()) return 1;
    raise(SIGXFSZ);
    return 2;
  });
  EXPECT_EQ(code, -SIGXFSZ);
}

TEST(WriteFileAtomicallyTest, AMissingFolderIsNamed) {
  const ScratchFolder folder;
  const absl::Status status = WriteFileAtomically(folder.File("none/f"), "x");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr(folder.File("none/f")));
}

TEST(WriteFileAtomicallyTest, AFolderInTheWayStaysAndNoTemporary) {
  const ScratchFolder folder;
  ASSERT_TRUE(CreateDirectories(folder.File("f/inner")).ok());
  EXPECT_FALSE(WriteFileAtomically(folder.File("f"), "x").ok());
  EXPECT_THAT(*ListDirectory(folder.path()), ElementsAre("f"));
}

TEST(WriteFileAtomicallyTest, KilledAtAnyMomentTheFileIsTheOldOrTheNewOne) {
  const ScratchFolder folder;
  constexpr size_t kSize = 300'000;
  const std::string a(kSize, 'a'), b(kSize, 'b');
  ASSERT_TRUE(WriteFileAtomically(folder.File("f"), a).ok());
  std::mt19937 rng(8);
  for (int round = 0; round < 40; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      while (WriteFileAtomically(folder.File("f"), b).ok() &&
             WriteFileAtomically(folder.File("f"), a).ok()) {
      }
      _exit(1);
    }
    usleep(rng() % 15'000);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    EXPECT_LE(ListDirectory(folder.path())->size(), 2u);  // however many were killed
    const auto contents = ReadFile(folder.File("f"));
    ASSERT_TRUE(contents.ok());
    ASSERT_TRUE(*contents == a || *contents == b) << "round " << round;
  }
  ASSERT_TRUE(WriteFileAtomically(folder.File("f"), "after").ok());
  EXPECT_EQ(*ReadFile(folder.File("f")), "after");
  EXPECT_THAT(*ListDirectory(folder.path()), ElementsAre("f"));
}

TEST(WriteFileAtomicallyTest, AFileAfterAKilledWriterIsNotOfItsMode) {
  const ScratchFolder folder;
  const std::string leftover = folder.File("f") + kTemporaryEnding;
  ASSERT_TRUE(WriteFileAtomically(leftover, "half").ok());
  ASSERT_EQ(chmod(leftover.c_str(), 0600), 0);
  ASSERT_TRUE(WriteFileAtomically(folder.File("f"), "x").ok());
  ExpectModeOfANewFile(folder.File("f"));
  EXPECT_THAT(*ListDirectory(folder.path()), ElementsAre("f"));
}

TEST(WriteFileAtomicallyTest, ALinkInPlaceOfTheTemporaryIsNotFollowed) {
  const ScratchFolder folder;
  ASSERT_TRUE(WriteFileAtomically(folder.File("victim"), "kept").ok());
  ASSERT_EQ(symlink("victim", (folder.File("f") + kTemporaryEnding).c_str()), 0);
  EXPECT_FALSE(WriteFileAtomically(folder.File("f"), "x").ok());
  EXPECT_EQ(*ReadFile(folder.File("victim")), "kept");
}

TEST(WriteFileAtomicallyTest, WritersAtTheSameTimeLeaveOneWholeFile) {
  const ScratchFolder folder;
  std::vector<std::thread> threads;
  for (char letter = 'a'; letter < 'e'; ++letter) {
    threads.emplace_back([&folder, letter] {
      for (int i = 0; i < 30; ++i) {
        EXPECT_TRUE(WriteFileAtomically(folder.File("f"), std::string(10'000, letter)).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string contents = *ReadFile(folder.File("f"));
  EXPECT_EQ(contents, std::string(10'000, contents[0]));
  EXPECT_THAT(*ListDirectory(folder.path()), ElementsAre("f"));
}

TEST(PublishDirectoryTest, MovesTheWholeFolder) {
  const ScratchFolder folder;
  ASSERT_TRUE(CreateDirectories(folder.File("staging/inner")).ok());
  ASSERT_TRUE(WriteFileAtomically(folder.File("staging/inner/f"), "x").ok());
  ASSERT_TRUE(PublishDirectory(folder.File("staging"), folder.File("1")).ok());
  EXPECT_EQ(*ReadFile(folder.File("1/inner/f")), "x");
  EXPECT_THAT(*ListDirectory(folder.path()), ElementsAre("1"));
}

TEST(PublishDirectoryTest, NeverReplacesWhatIsThere) {
  const ScratchFolder folder;
  ASSERT_TRUE(CreateDirectories(folder.File("staging")).ok());
  ASSERT_TRUE(CreateDirectories(folder.File("empty")).ok());
  ASSERT_TRUE(CreateDirectories(folder.File("full/inner")).ok());
  ASSERT_TRUE(WriteFileAtomically(folder.File("file"), "x").ok());
  for (const char* name : {"empty", "full", "file"}) {
    const absl::Status status = PublishDirectory(folder.File("staging"), folder.File(name));
    EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists) << name;
    EXPECT_THAT(std::string(status.message()), HasSubstr(folder.File(name)));
  }
  EXPECT_TRUE(PathExists(folder.File("staging")));
  EXPECT_EQ(*ReadFile(folder.File("file")), "x");
}

TEST(PublishDirectoryTest, OfManyPublishersOneWins) {
  const ScratchFolder folder;
  constexpr int kPublishers = 8;
  std::vector<absl::Status> results(kPublishers);
  std::vector<std::thread> threads;
  for (int i = 0; i < kPublishers; ++i) {
    threads.emplace_back([&, i] {
      const std::string staging = folder.File("staging" + std::to_string(i));
      ASSERT_TRUE(CreateDirectories(staging).ok());
      results[static_cast<size_t>(i)] = PublishDirectory(staging, folder.File("1"));
    });
  }
  for (std::thread& thread : threads) thread.join();
  int winners = 0;
  for (const absl::Status& result : results) {
    winners += result.ok();
    EXPECT_TRUE(result.ok() || result.code() == absl::StatusCode::kAlreadyExists) << result;
  }
  EXPECT_EQ(winners, 1);
}

TEST(PublishDirectoryTest, AMissingStagingFolderIsNamed) {
  const ScratchFolder folder;
  const absl::Status status = PublishDirectory(folder.File("none"), folder.File("1"));
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr(folder.File("none")));
}

}  // namespace
}  // namespace tailcast
