#ifndef TAILCAST_CORE_IO_IDX_H_
#define TAILCAST_CORE_IO_IDX_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tailcast {

// An array of unsigned bytes, row-major.
struct ByteArray {
  std::vector<int64_t> shape;
  std::string data;
};

// Reads an IDX file of unsigned bytes (the format of MNIST), gzip-compressed or plain. Errors name
// the file and the fault: INVALID_ARGUMENT for a wrong magic number, a truncated or damaged gzip
// stream, a size that differs from the header's, or more than `max_bytes` when unpacked. Never
// unpacks more than the header announces.
absl::StatusOr<ByteArray> ReadIdx(const std::string& path, int64_t max_bytes = int64_t{1} << 31);

// The same for bytes in memory, not compressed; `what` stands for the file in messages.
absl::StatusOr<ByteArray> ParseIdx(std::string bytes, absl::string_view what);

// Unpacks a gzip file in memory, of one member or several. INVALID_ARGUMENT, naming `what`, if it
// is truncated, damaged or above `max_bytes` when unpacked.
absl::StatusOr<std::string> Gunzip(absl::string_view packed, absl::string_view what,
                                   int64_t max_bytes);

}  // namespace tailcast

#endif  // TAILCAST_CORE_IO_IDX_H_
