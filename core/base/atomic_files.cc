#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"

namespace tailcast {
namespace {

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

// Turns the signal that a write above RLIMIT_FSIZE raises, which ends the process by default, into
// the error EFBIG, in this thread and while it lives.
class FileSizeSignalBlock {
 public:
  FileSizeSignalBlock() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &signals_, &old_mask_);
  }
  ~FileSizeSignalBlock() {
    const timespec no_wait = {};
    while (sigtimedwait(&signals_, nullptr, &no_wait) == SIGXFSZ) {
    }
    pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
  }
  FileSizeSignalBlock(const FileSizeSignalBlock&) = delete;
  FileSizeSignalBlock& operator=(const FileSizeSignalBlock&) = delete;

 private:
  sigset_t signals_, old_mask_;
};

struct TemporaryFile {
  int descriptor = -1;
  std::string path;
};

bool IsStillAt(int descriptor, const std::string& path) {
  struct stat opened, named;
  return fstat(descriptor, &opened) == 0 && lstat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

// The empty file beside `path` that becomes it, locked: one name for all writers, so that the next
// one overwrites what a killed one has left.
absl::StatusOr<TemporaryFile> LockBeside(const std::string& path) {
  TemporaryFile file = {.path = absl::StrCat(path, ".tailcast-tmp")};
  const auto failure = [&file](int error) {
    return ErrnoStatus(error, absl::StrCat("cannot create '", file.path, "'"));
  };
  while (true) {
    file.descriptor = open(file.path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (file.descriptor < 0) return failure(errno);
    int error = 0;
    do {
      error = flock(file.descriptor, LOCK_EX) == 0 ? 0 : errno;
    } while (error == EINTR);
    // The writer that we waited for has given it its final name, or removed it.
    const bool is_ours = error == 0 && IsStillAt(file.descriptor, file.path);
    if (is_ours && ftruncate(file.descriptor, 0) == 0) return file;
    if (is_ours) error = errno;
    close(file.descriptor);
    if (error != 0) return failure(error);
  }
}

// 0 or the error number.
int WriteAndSync(int descriptor, absl::string_view contents) {
  FileSizeSignalBlock block;
  while (!contents.empty()) {
    const ssize_t count = write(descriptor, contents.data(), contents.size());
    if (count < 0 && errno != EINTR) return errno;
    if (count > 0) contents.remove_prefix(static_cast<size_t>(count));
  }
  return fsync(descriptor) == 0 ? 0 : errno;
}

absl::Status SyncTree(const std::string& root) {
  std::error_code error;
  std::filesystem::recursive_directory_iterator entry(root, error), end;
  while (!error && entry != end) {
    const bool is_link = entry->is_symlink(error);
    if (error) break;
    if (!is_link) RETURN_IF_ERROR(SyncPath(entry->path().string()));
    entry.increment(error);
  }
  if (error) return ErrnoStatus(error.value(), absl::StrCat("cannot list folder '", root, "'"));
  return SyncPath(root);
}

// 0 or the error number.
int RenameWithoutReplacing(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // A file system without the flag: a plain rename still refuses a folder that holds anything.
  if (PathExists(to)) return EEXIST;
  return rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

}  // namespace

absl::Status WriteFileAtomically(const std::string& path, absl::string_view contents) {
  ASSIGN_OR_RETURN(const TemporaryFile file, LockBeside(path));
  int error = WriteAndSync(file.descriptor, contents);
  if (error == 0 && rename(file.path.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) unlink(file.path.c_str());
  close(file.descriptor);  // ends the lock, so last; fsync has reported what there is to report
  if (error != 0) return ErrnoStatus(error, absl::StrCat("cannot write '", path, "'"));
  return SyncPath(FolderOf(path));
}

absl::Status PublishDirectory(const std::string& staging, const std::string& final_path) {
  RETURN_IF_ERROR(SyncTree(staging));
  if (const int error = RenameWithoutReplacing(staging, final_path); error != 0) {
    return ErrnoStatus(error, absl::StrCat("cannot publish '", staging, "' as '", final_path, "'"));
  }
  RETURN_IF_ERROR(SyncPath(FolderOf(final_path)));
  return SyncPath(FolderOf(staging));
}

}  // namespace tailcast
