#ifndef TAILCAST_CORE_DATA_FEATURE_FILE_H_
#define TAILCAST_CORE_DATA_FEATURE_FILE_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/contract/feature_space.h"
#include "core/io/safetensors.h"

namespace tailcast::data {

// Labelled features. Shapes: N rows, D feature_dim, K num_classes.
struct FeatureSet {
  at::Tensor features{};  // [N, D] f32, finite
  at::Tensor labels{};    // [N] int64 in [0, K)
  FeatureSpace space{};
  std::vector<std::string> class_names{};  // [K]; "0", "1", ... where the file has none
  std::string dataset{};                   // may be empty
  std::string part{};                      // "train", "validation", "test", or what the file says

  int64_t size() const { return labels.size(0); }
  int64_t feature_dim() const { return features.size(1); }
  int64_t num_classes() const { return static_cast<int64_t>(class_names.size()); }
  // Number of rows of each class. [K]
  std::vector<int64_t> class_counts() const;
};

struct FeatureFileOptions {
  // Reads `<part>.features` and `<part>.labels` instead of `features` and `labels`. Empty: a file
  // must have the plain names.
  std::string part{};
  // `--feature-space NAME`: for a file that names no encoder.
  std::string imported_name{};
  // K; 0: as many as the file has class names, else the largest label + 1.
  int64_t num_classes = 0;
  // Whether the features are never below 0, for a file that does not say; unset: they may be.
  std::optional<bool> non_negative{};
};

// INVALID_ARGUMENT that names file, tensor, row and value: NaN or infinity, a negative value where
// none may be, a label out of range, another shape or type, no row; a file that names no feature
// space while `imported_name` is empty, or another one than `imported_name`.
absl::StatusOr<FeatureSet> ParseFeatureFile(const SafetensorsFile& file,
                                            const FeatureFileOptions& options = {});
// Errors also as SafetensorsFile::Read().
absl::StatusOr<FeatureSet> ReadFeatureFile(const std::string& path,
                                           const FeatureFileOptions& options = {});

// Equal content gives equal bytes.
absl::StatusOr<std::string> SerializeFeatureSet(const FeatureSet& set);
// Errors also as WriteFileAtomically().
absl::Status WriteFeatureFile(const std::string& path, const FeatureSet& set);

// OK if both come from one feature space, else INVALID_ARGUMENT naming both and what differs.
absl::Status CheckSameSpace(const FeatureSpace& actual, const std::string& actual_what,
                            const FeatureSpace& expected, const std::string& expected_what);

}  // namespace tailcast::data

#endif  // TAILCAST_CORE_DATA_FEATURE_FILE_H_
