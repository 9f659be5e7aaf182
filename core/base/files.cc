#include "core/base/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/status_macros.h"

namespace tailcast {
namespace {

constexpr size_t kReadPieceBytes = size_t{1} << 20;
// Holders write one version or one small file, so waits are short.
constexpr absl::Duration kLockPoll = absl::Milliseconds(20);

absl::StatusCode CodeOfErrno(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return absl::StatusCode::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kPermissionDenied;
    case ENOSPC:
    case EFBIG:
    case EDQUOT:
      return absl::StatusCode::kResourceExhausted;
    case EEXIST:
    case ENOTEMPTY:
      return absl::StatusCode::kAlreadyExists;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::Status TooLarge(const std::string& path, int64_t max_bytes) {
  return absl::InvalidArgumentError(
      absl::StrCat("'", path, "' is too large; expected at most ", max_bytes, " bytes"));
}

absl::Status NoFile(const std::string& path) {
  return absl::InvalidArgumentError(
      absl::StrCat("'", path, "' is a pipe or a socket; expected a file"));
}

absl::StatusOr<std::string> ReadDescriptor(int descriptor, const std::string& path,
                                           int64_t max_bytes) {
  struct stat info;
  if (fstat(descriptor, &info) != 0) {
    return ErrnoStatus(errno, absl::StrCat("cannot inspect '", path, "'"));
  }
  if (S_ISFIFO(info.st_mode)) return NoFile(path);
  if (info.st_size > max_bytes) return TooLarge(path, max_bytes);
  std::string contents;
  // One byte more, so that the read that finds the end needs no larger, second block of memory.
  contents.reserve(static_cast<size_t>(info.st_size) + 1);
  const size_t most = static_cast<size_t>(max_bytes) + 1;
  while (true) {
    // The size above is a hint: files of /proc say 0, and a file may grow.
    const size_t old_size = contents.size();
    const size_t spare = std::max(contents.capacity() - old_size, size_t{1});
    const size_t piece = std::min({kReadPieceBytes, spare, most - old_size});
    contents.resize(old_size + piece);
    const ssize_t count = read(descriptor, contents.data() + old_size, piece);
    contents.resize(old_size + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count == 0) return contents;
    if (contents.size() == most) return TooLarge(path, max_bytes);
    if (count < 0 && errno != EINTR) {
      return ErrnoStatus(errno, absl::StrCat("cannot read '", path, "'"));
    }
  }
}

}  // namespace

absl::Status ErrnoStatus(int error_number, absl::string_view what) {
  return absl::Status(CodeOfErrno(error_number),
                      absl::StrCat(what, ": ", std::generic_category().message(error_number)));
}

absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t max_bytes) {
  // Without O_NONBLOCK opening a pipe waits for its writer.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0 && errno == ENXIO) return NoFile(path);  // a socket cannot be opened
  if (descriptor < 0) return ErrnoStatus(errno, absl::StrCat("cannot open '", path, "'"));
  absl::StatusOr<std::string> contents = ReadDescriptor(descriptor, path, max_bytes);
  close(descriptor);
  return contents;
}

absl::Status SyncPath(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return ErrnoStatus(errno, absl::StrCat("cannot open '", path, "'"));
  const int error = fsync(descriptor) == 0 ? 0 : errno;
  close(descriptor);
  if (error != 0) return ErrnoStatus(error, absl::StrCat("cannot flush '", path, "' to disk"));
  return absl::OkStatus();
}

absl::Status CreateDirectories(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return absl::OkStatus();
  const std::string parent = std::filesystem::path(path).parent_path().string();
  if (!parent.empty() && parent != path) RETURN_IF_ERROR(CreateDirectories(parent));
  if (mkdir(path.c_str(), 0777) != 0) {
    const int error = errno;
    // Another process may have been quicker.
    if (std::filesystem::is_directory(path, ignored)) return absl::OkStatus();
    return ErrnoStatus(error, absl::StrCat("cannot create folder '", path, "'"));
  }
  return SyncPath(parent.empty() ? "." : parent);
}

absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) {
  DIR* folder = opendir(path.c_str());
  if (folder == nullptr) return ErrnoStatus(errno, absl::StrCat("cannot list folder '", path, "'"));
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = readdir(folder)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
    errno = 0;
  }
  const int error = errno;
  closedir(folder);
  if (error != 0) return ErrnoStatus(error, absl::StrCat("cannot list folder '", path, "'"));
  std::sort(names.begin(), names.end());
  return names;
}

bool IsFileAt(int descriptor, const std::string& path) {
  struct stat opened, named;
  return fstat(descriptor, &opened) == 0 && lstat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

bool PathExists(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0;
}

absl::Status RemoveAll(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return ErrnoStatus(error.value(), absl::StrCat("cannot remove '", path, "'"));
  return absl::OkStatus();
}

absl::StatusOr<FileLock> FileLock::Acquire(const std::string& path,
                                           const std::function<absl::Status()>& keep_waiting) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) return ErrnoStatus(errno, absl::StrCat("cannot open lock '", path, "'"));
  FileLock lock(descriptor);
  while (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EINTR && errno != EWOULDBLOCK) {
      return ErrnoStatus(errno, absl::StrCat("cannot lock '", path, "'"));
    }
    if (keep_waiting) RETURN_IF_ERROR(keep_waiting());
    absl::SleepFor(kLockPoll);
  }
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace tailcast
