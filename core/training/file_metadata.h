#ifndef TAILCAST_CORE_TRAINING_FILE_METADATA_H_
#define TAILCAST_CORE_TRAINING_FILE_METADATA_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/io/safetensors.h"
#include "nlohmann/json.hpp"

namespace tailcast::training {

// What the formats of this folder share: metadata with a format's name, JSON and lists of classes.
// All errors are INVALID_ARGUMENT and name file, member and what was expected.

// "'PATH': FAULT; expected EXPECTED"
absl::Status FileFault(const std::string& path, absl::string_view fault,
                       absl::string_view expected);

// A format as its files name it, and the command that writes them, for messages.
struct FileFormat {
  const char* name;    // "tailcast.encoder.v1"
  const char* writer;  // "tailcast train encoder"
};

// OK if metadata `format` is the format's name.
absl::Status CheckFormat(const SafetensorsFile& file, const FileFormat& format);

// The value of `key`, parsed.
absl::StatusOr<nlohmann::json> JsonMetadata(const SafetensorsFile& file, const std::string& key);

struct ClassLists {
  std::vector<std::string> names;
  std::vector<int64_t> counts;  // 0 or more each
};

// What the files of a format begin with: metadata `format`, `class_names` and `class_counts`.
absl::StatusOr<Metadata> MetadataOf(const FileFormat& format, const ClassLists& classes);

// The classes of such metadata; `num_classes` of each.
absl::StatusOr<ClassLists> ReadClassLists(const SafetensorsFile& file, int64_t num_classes);

}  // namespace tailcast::training

#endif  // TAILCAST_CORE_TRAINING_FILE_METADATA_H_
