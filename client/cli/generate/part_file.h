#ifndef TAILCAST_CLIENT_CLI_GENERATE_PART_FILE_H_
#define TAILCAST_CLIENT_CLI_GENERATE_PART_FILE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tailcast::generate {

// A file open for reading and writing at any place. Errors name the path: RESOURCE_EXHAUSTED for a
// full disk or a file size limit, else as core/base/files.h. Not thread-safe.
class PartFile {
 public:
  // Creates the file if need be and locks it for this process, until it is closed. UNAVAILABLE if
  // another process holds the lock.
  static absl::StatusOr<PartFile> OpenLocked(const std::string& path);
  // For reading alone.
  static absl::StatusOr<PartFile> OpenFinished(const std::string& path);

  // Not open.
  PartFile() = default;
  PartFile(PartFile&& other) noexcept;
  PartFile& operator=(PartFile&& other) noexcept;
  ~PartFile();

  const std::string& path() const { return path_; }
  absl::StatusOr<int64_t> Size() const;
  // Cuts it off, or lets it grow by zeros that take no room on the disk.
  absl::Status Resize(int64_t size_bytes);
  absl::Status WriteAt(int64_t offset, absl::string_view bytes);
  // DATA_LOSS if the file ends before.
  absl::Status ReadAt(int64_t offset, int64_t size, char* out) const;
  // Waits until everything is on the disk.
  absl::Status Sync();

 private:
  PartFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}

  int descriptor_ = -1;
  std::string path_;
};

}  // namespace tailcast::generate

#endif  // TAILCAST_CLIENT_CLI_GENERATE_PART_FILE_H_
