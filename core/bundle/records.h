#ifndef TAILCAST_CORE_BUNDLE_RECORDS_H_
#define TAILCAST_CORE_BUNDLE_RECORDS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/digest.h"
#include "core/bundle/repository.h"

namespace tailcast::bundle {

inline constexpr char kLabelsFile[] = "labels.json";
// Records larger than this are refused unread.
inline constexpr int64_t kMaxRecordBytes = 16 << 20;

// The repository's own small files, canonical JSON. Every parser answers INVALID_ARGUMENT naming
// `what`, the member and what was expected.

// publish.json beside a manifest: what may differ between two places with the same content.
struct PublishRecord {
  Digest digest;
  absl::Time publish_time;
  std::string tool_version;
};
absl::StatusOr<std::string> SerializePublishRecord(const PublishRecord& record);
absl::StatusOr<PublishRecord> ParsePublishRecord(absl::string_view text, const std::string& what);
// DATA_LOSS, naming the file, unless the folder holds a sound one.
absl::StatusOr<PublishRecord> ReadPublishRecord(const std::string& folder);

// Of one bundle, so that the description of a version fits a message.
inline constexpr size_t kMaxLabels = 1000;

// labels.json: where each label points, by name of the label; at most kMaxLabels.
absl::StatusOr<std::string> SerializeLabels(const std::vector<LabelInfo>& labels);
absl::StatusOr<std::vector<LabelInfo>> ParseLabels(absl::string_view text, const std::string& what);
// Empty if there is no file; DATA_LOSS, naming it, if it is not sound.
absl::StatusOr<std::vector<LabelInfo>> ReadLabels(const std::string& bundle_folder);

}  // namespace tailcast::bundle

#endif  // TAILCAST_CORE_BUNDLE_RECORDS_H_
