#ifndef TAILCAST_CORE_BASE_FILES_H_
#define TAILCAST_CORE_BASE_FILES_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tailcast {

// File access whose errors name the path and the system's reason. NOT_FOUND: no such file;
// PERMISSION_DENIED; RESOURCE_EXHAUSTED: disk full or a file size limit; ALREADY_EXISTS; else
// INTERNAL.

// Whole contents; at most `max_bytes` >= 0 (INVALID_ARGUMENT above), so that a wrong path cannot
// fill memory. INVALID_ARGUMENT also for a pipe or a socket, which could make the reader wait.
absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t max_bytes = int64_t{1} << 32);

// Replaces `path` by `contents` so that a reader, or a machine that stops at any moment, sees the
// old file or the new one: temporary file beside it, fsync, rename, fsync of the folder. Writers of
// one path wait for each other. On an error no temporary file stays and the old file is untouched,
// unless that last fsync failed: then the new file is there, but may be lost with the power. What a
// killed writer leaves, the next one of this path overwrites.
absl::Status WriteFileAtomically(const std::string& path, absl::string_view contents);

// Makes the complete folder `staging` appear as `final_path`: fsync of every file and folder in it,
// then a rename that does not replace (ALREADY_EXISTS if something is there). Both must lie on one
// file system.
absl::Status PublishDirectory(const std::string& staging, const std::string& final_path);

// What the name of that temporary file ends in.
inline constexpr char kTemporaryEnding[] = ".tailcast-tmp";

// Flushes a file, or a folder's entries, to the disk.
absl::Status SyncPath(const std::string& path);

// Creates the folder and its parents.
absl::Status CreateDirectories(const std::string& path);

// Names (not paths) in a folder, sorted bytewise.
absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path);

bool PathExists(const std::string& path);

// Whether `path` itself, not what a link names, is still the open file.
bool IsFileAt(int descriptor, const std::string& path);

// The folder that holds `path`; "." if it names none.
std::string FolderOf(const std::string& path);

// Removes a file or a whole folder; OK if there was none.
absl::Status RemoveAll(const std::string& path);

// Holds an exclusive advisory lock (flock) on a file while it lives; the lock ends with the
// process.
class FileLock {
 public:
  // Creates the file if need be and waits for the lock. `keep_waiting`: asked some times a second
  // while another holds it; its error ends the wait. Without it the wait has no end.
  static absl::StatusOr<FileLock> Acquire(
      const std::string& path, const std::function<absl::Status()>& keep_waiting = nullptr);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

// The status of a failed system call: `what` ("cannot open 'x'") and the reason of `error_number`.
absl::Status ErrnoStatus(int error_number, absl::string_view what);

}  // namespace tailcast

#endif  // TAILCAST_CORE_BASE_FILES_H_
