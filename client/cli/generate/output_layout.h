#ifndef TAILCAST_CLIENT_CLI_GENERATE_OUTPUT_LAYOUT_H_
#define TAILCAST_CLIENT_CLI_GENERATE_OUTPUT_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/io/safetensors.h"

namespace tailcast::generate {

// Where the bytes of N rows of D features lie in the files that hold them, known before the first
// row is: rows may be written in any order.
struct OutputLayout {
  struct File {
    std::string path;    // of the finished file
    std::string header;  // its first bytes
    int64_t size_bytes = 0;
  };
  // In the order in which they appear; the last one is what the user named.
  std::vector<File> files;
  // Index in `files` and offset of the first row's float32 features and int64 label.
  size_t features_file = 0, labels_file = 0;
  int64_t features_offset = 0, labels_offset = 0;
};

// `FILE.safetensors`: tensors `features` [N, D] f32 and `labels` [N] i64 with `metadata`.
// `FILE.npy`: the features, and `FILE.labels.npy` the labels. INVALID_ARGUMENT for another ending,
// or if the size passes 2^63.
absl::StatusOr<OutputLayout> LayoutFor(const std::string& path, int64_t row_count,
                                       int64_t feature_dim, const Metadata& metadata);

// The paths of those files, before anything else is known. INVALID_ARGUMENT for another ending.
absl::StatusOr<std::vector<std::string>> OutputPaths(const std::string& path);

}  // namespace tailcast::generate

#endif  // TAILCAST_CLIENT_CLI_GENERATE_OUTPUT_LAYOUT_H_
