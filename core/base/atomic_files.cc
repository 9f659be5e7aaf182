#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
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

// Waits for the writer at work on the temporary file `path`, and removes what a killed one has
// left. 0 or the error number.
int AwaitOtherWriter(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return errno == ENOENT ? 0 : errno;
  int error = 0;
  do {
    error = flock(descriptor, LOCK_EX) == 0 ? 0 : errno;
  } while (error == EINTR);
  // Still there, though nobody holds it: its writer is dead.
  if (error == 0 && IsFileAt(descriptor, path) && unlink(path.c_str()) != 0) error = errno;
  close(descriptor);
  return error;
}

// A new file beside `path` that becomes it, locked: one name for all writers, so that a killed one
// leaves one at most. New, so that neither owner nor mode are those of another writer.
absl::StatusOr<TemporaryFile> CreateBeside(const std::string& path) {
  TemporaryFile file = {.path = absl::StrCat(path, kTemporaryEnding)};
  while (true) {
    file.descriptor = open(file.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    int error = file.descriptor >= 0 ? 0 : errno;
    if (error == EEXIST) {
      error = AwaitOtherWriter(file.path);
      if (error == 0) continue;
    }
    if (error != 0) return ErrnoStatus(error, absl::StrCat("cannot create '", file.path, "'"));
    // Another writer that saw it before it was locked took it for a leftover.
    if (flock(file.descriptor, LOCK_EX) == 0 && IsFileAt(file.descriptor, file.path)) return file;
    close(file.descriptor);
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
  ASSIGN_OR_RETURN(const TemporaryFile file, CreateBeside(path));
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
