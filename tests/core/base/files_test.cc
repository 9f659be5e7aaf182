#include "core/base/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "tests/core/base/scratch_folder.h"

namespace tailcast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(FilesTest, ContentsAreReadAsTheyAre) {
  const ScratchFolder folder;
  for (const size_t size : {size_t{0}, size_t{1}, size_t{1} << 20, (size_t{3} << 20) + 17}) {
    std::string contents(size, '\0');
    for (size_t i = 0; i < size; ++i) contents[i] = static_cast<char>(i * i >> 3);
    ASSERT_TRUE(WriteFileAtomically(folder.File("f"), contents).ok());
    EXPECT_EQ(*ReadFile(folder.File("f")), contents);
  }
}

TEST(FilesTest, FilesThatSayNoSizeAreReadWhole) {
  const auto status = ReadFile("/proc/self/status");
  ASSERT_TRUE(status.ok());
  EXPECT_THAT(*status, HasSubstr("voluntary_ctxt_switches"));
}

TEST(FilesTest, FilesAreReadUpToTheLimit) {
  const ScratchFolder folder;
  ASSERT_TRUE(WriteFileAtomically(folder.File("f"), "12345").ok());
  EXPECT_EQ(*ReadFile(folder.File("f"), /*max_bytes=*/5), "12345");
  const auto above = ReadFile(folder.File("f"), /*max_bytes=*/4);
  EXPECT_EQ(above.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(above.status().message()),
              HasSubstr("f' is too large; expected at most 4 bytes"));
  EXPECT_EQ(ReadFile("/dev/zero", 1000).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(FilesTest, ALimitOfAnySizeIsNoLimit) {
  const ScratchFolder folder;
  ASSERT_TRUE(WriteFileAtomically(folder.File("f"), "12345").ok());
  EXPECT_EQ(*ReadFile(folder.File("f"), INT64_MAX), "12345");
}

TEST(FilesTest, AFileTakesAsMuchMemoryAsItHasBytes) {
  const ScratchFolder folder;
  const std::string contents(size_t{3} << 20, 'x');
  ASSERT_TRUE(WriteFileAtomically(folder.File("f"), contents).ok());
  EXPECT_LT(ReadFile(folder.File("f"))->capacity(), contents.size() + 100);
}

TEST(FilesTest, PipesAndSocketsAreRefusedWithoutWaiting) {
  const ScratchFolder folder;
  ASSERT_EQ(mkfifo(folder.File("pipe").c_str(), 0600), 0);
  const auto pipe = ReadFile(folder.File("pipe"));
  EXPECT_EQ(pipe.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(pipe.status().message()),
              HasSubstr("pipe' is a pipe or a socket; expected a file"));

  ASSERT_EQ(mknod(folder.File("socket").c_str(), S_IFSOCK | 0600, 0), 0);
  const auto socket = ReadFile(folder.File("socket"));
  EXPECT_EQ(socket.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(socket.status().message()), HasSubstr("is a pipe or a socket"));
}

TEST(FilesTest, MissingFilesAreNamed) {
  const ScratchFolder folder;
  for (const std::string& path : {folder.File("none"), folder.File("none/deeper")}) {
    const auto contents = ReadFile(path);
    EXPECT_EQ(contents.status().code(), absl::StatusCode::kNotFound);
    EXPECT_THAT(std::string(contents.status().message()), HasSubstr("'" + path + "'"));
  }
}

TEST(FilesTest, ReadingAFolderIsAnError) { EXPECT_FALSE(ReadFile(ScratchFolder().path()).ok()); }

TEST(FilesTest, FoldersAreCreatedWithTheirParentsAndMayExist) {
  const ScratchFolder folder;
  EXPECT_TRUE(CreateDirectories(folder.File("a/b/c")).ok());
  EXPECT_TRUE(CreateDirectories(folder.File("a/b/c")).ok());
  EXPECT_TRUE(CreateDirectories(folder.File("a/b/d/")).ok());
  EXPECT_TRUE(PathExists(folder.File("a/b/d")));
}

TEST(FilesTest, AFolderBelowAFileIsAnErrorThatNamesIt) {
  const ScratchFolder folder;
  ASSERT_TRUE(WriteFileAtomically(folder.File("f"), "").ok());
  const absl::Status status = CreateDirectories(folder.File("f/x"));
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr(folder.File("f")));
}

TEST(FilesTest, NamesAreListedInOrder) {
  const ScratchFolder folder;
  for (const char* name : {"b", "a", "10", "9", ".hidden"}) {
    ASSERT_TRUE(WriteFileAtomically(folder.File(name), "").ok());
  }
  EXPECT_THAT(*ListDirectory(folder.path()), ElementsAre(".hidden", "10", "9", "a", "b"));
  EXPECT_EQ(ListDirectory(folder.File("none")).status().code(), absl::StatusCode::kNotFound);
}

TEST(FilesTest, FoldersAreRemovedWithAllInThem) {
  const ScratchFolder folder;
  ASSERT_TRUE(CreateDirectories(folder.File("a/b")).ok());
  ASSERT_TRUE(WriteFileAtomically(folder.File("a/b/f"), "x").ok());
  EXPECT_TRUE(RemoveAll(folder.File("a")).ok());
  EXPECT_FALSE(PathExists(folder.File("a")));
  EXPECT_TRUE(RemoveAll(folder.File("a")).ok());
}

TEST(FilesTest, SystemErrorsHaveTheCodeThatTellsWhatToDo) {
  EXPECT_EQ(ErrnoStatus(ENOENT, "x").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ErrnoStatus(EACCES, "x").code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ErrnoStatus(EROFS, "x").code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ErrnoStatus(ENOSPC, "x").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrnoStatus(EFBIG, "x").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrnoStatus(EEXIST, "x").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ErrnoStatus(EIO, "x").code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ErrnoStatus(ENOSPC, "cannot write 'f'").message(),
            "cannot write 'f': No space left on device");
}

TEST(FileLockTest, OnlyOneHolderAtATime) {
  const ScratchFolder folder;
  // Read and written apart: the lock alone makes that one step.
  std::atomic<int> counter = 0;
  const auto count = [&] {
    for (int i = 0; i < 200; ++i) {
      const auto lock = FileLock::Acquire(folder.File("lock"));
      ASSERT_TRUE(lock.ok());
      const int seen = counter;
      std::this_thread::yield();
      counter = seen + 1;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(count);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter, 800);
}

TEST(FileLockTest, EndsWithTheProcessThatHeldIt) {
  const ScratchFolder folder;
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = FileLock::Acquire(folder.File("lock"));
    const bool told = write(ready[1], "x", 1) == 1;
    if (lock.ok() && told) pause();
    _exit(1);
  }
  char byte;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(FileLock::Acquire(folder.File("lock")).ok());
}

TEST(FileLockTest, AWaitEndsAsSoonAsItIsTold) {
  const ScratchFolder folder;
  const auto holder = FileLock::Acquire(folder.File("lock"));
  ASSERT_TRUE(holder.ok());
  int asked = 0;
  const auto waiter = FileLock::Acquire(folder.File("lock"), [&asked] {
    return ++asked == 3 ? absl::CancelledError("interrupted") : absl::OkStatus();
  });
  EXPECT_EQ(waiter.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(asked, 3);
}

TEST(FileLockTest, AnImpossiblePathIsNamed) {
  const auto lock = FileLock::Acquire("/nowhere/lock");
  EXPECT_EQ(lock.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(lock.status().message()), HasSubstr("'/nowhere/lock'"));
}

}  // namespace
}  // namespace tailcast
