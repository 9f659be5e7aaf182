#include "client/cli/generate/part_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "core/base/files.h"

namespace tailcast::generate {
namespace {

absl::Status Fault(absl::string_view what, const std::string& path) {
  return ErrnoStatus(errno, absl::StrCat("cannot ", what, " '", path, "'"));
}

}  // namespace

absl::StatusOr<PartFile> PartFile::OpenLocked(const std::string& path) {
  while (true) {
    const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (descriptor < 0) return Fault("open", path);
    PartFile file(descriptor, path);
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return Fault("lock", path);
      return absl::UnavailableError(
          absl::StrCat("'", path, "' is being written by another process; expected to be alone"));
    }
    // Another process may have renamed it before we had the lock.
    if (IsFileAt(descriptor, path)) return file;
  }
}

absl::StatusOr<PartFile> PartFile::OpenFinished(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return Fault("open", path);
  return PartFile(descriptor, path);
}

PartFile::PartFile(PartFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

PartFile& PartFile::operator=(PartFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

PartFile::~PartFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::StatusOr<int64_t> PartFile::Size() const {
  struct stat info;
  if (fstat(descriptor_, &info) != 0) return Fault("inspect", path_);
  return static_cast<int64_t>(info.st_size);
}

absl::Status PartFile::Resize(int64_t size_bytes) {
  if (ftruncate(descriptor_, size_bytes) != 0) {
    return Fault(absl::StrCat("give ", size_bytes, " bytes to"), path_);
  }
  return absl::OkStatus();
}

absl::Status PartFile::WriteAt(int64_t offset, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = pwrite(descriptor_, bytes.data(), bytes.size(), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Fault("write", path_);
    bytes.remove_prefix(static_cast<size_t>(count));
    offset += count;
  }
  return absl::OkStatus();
}

absl::Status PartFile::ReadAt(int64_t offset, int64_t size, char* out) const {
  while (size > 0) {
    const ssize_t count = pread(descriptor_, out, static_cast<size_t>(size), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Fault("read", path_);
    if (count == 0) {
      return absl::DataLossError(
          absl::StrCat("'", path_, "' ends at byte ", offset, "; expected ", size, " more"));
    }
    out += count;
    offset += count;
    size -= count;
  }
  return absl::OkStatus();
}

absl::Status PartFile::Sync() {
  if (fsync(descriptor_) != 0) return Fault("flush", path_);
  return absl::OkStatus();
}

}  // namespace tailcast::generate
