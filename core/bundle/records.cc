#include "core/bundle/records.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/quoted.h"
#include "core/base/status_macros.h"
#include "core/bundle/manifest.h"

namespace tailcast::bundle {
namespace {

using nlohmann::json;

constexpr char kPublishFormat[] = "tailcast.publish.v1";
constexpr char kLabelsFormat[] = "tailcast.labels.v1";
constexpr char kTimeFormat[] = "%Y-%m-%dT%H:%M:%E*SZ";

std::string TimeToText(absl::Time time) {
  return absl::FormatTime(kTimeFormat, time, absl::UTCTimeZone());
}

absl::StatusOr<absl::Time> TimeFromText(const std::string& text, const std::string& what) {
  absl::Time time;
  std::string error;
  // Years that every reader of the protocol can hold; "infinite-future" is a time to Abseil.
  if (absl::ParseTime(kTimeFormat, text, &time, &error) && time >= absl::UnixEpoch() &&
      time < absl::FromCivil(absl::CivilYear(10'000), absl::UTCTimeZone())) {
    return time;
  }
  return absl::InvalidArgumentError(
      absl::StrCat(what, ": time ", Quoted(text), "; expected UTC as 2025-01-31T12:00:00Z"));
}

absl::Status CheckFormat(const std::string& format, const char* expected, const std::string& what) {
  if (format == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what, ": format is ", Quoted(format), "; expected '", expected, "'"));
}

absl::StatusOr<LabelInfo> LabelFromJson(const std::string& label, const json& value,
                                        const std::string& what) {
  RETURN_IF_ERROR(ValidateBundleName(label));
  JsonReader reader(value, absl::StrCat(what, ".labels.", label));
  LabelInfo info = {.label = label};
  info.version = reader.Int64("version", 1, kMaxVersion);
  const std::string update_time = reader.String("update_time");
  RETURN_IF_ERROR(reader.Finish());
  ASSIGN_OR_RETURN(info.update_time, TimeFromText(update_time, what));
  return info;
}

absl::Status CheckLabelCount(size_t count, absl::string_view what) {
  if (count <= kMaxLabels) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what, ": ", count, " labels; expected at most ", kMaxLabels));
}

// A record on disk was written by us: whatever is wrong with it, it was damaged.
absl::Status Damaged(const absl::Status& status) {
  if (!absl::IsInvalidArgument(status)) return status;
  return absl::DataLossError(absl::StrCat("damaged: ", status.message()));
}

}  // namespace

absl::StatusOr<std::string> SerializePublishRecord(const PublishRecord& record) {
  return CanonicalJson({{"format", kPublishFormat},
                        {"digest", ToHex(record.digest)},
                        {"publish_time", TimeToText(record.publish_time)},
                        {"tool_version", record.tool_version}});
}

absl::StatusOr<PublishRecord> ParsePublishRecord(absl::string_view text, const std::string& what) {
  ASSIGN_OR_RETURN(const json value, ParseJson(text, what));
  JsonReader reader(value, what);
  const std::string format = reader.String("format");
  const std::string digest = reader.String("digest");
  const std::string publish_time = reader.String("publish_time");
  PublishRecord record;
  record.tool_version = reader.String("tool_version");
  RETURN_IF_ERROR(reader.Finish());
  RETURN_IF_ERROR(CheckFormat(format, kPublishFormat, what));
  const absl::StatusOr<Digest> parsed = DigestFromHex(digest);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(what, ": ", parsed.status().message()));
  }
  record.digest = *parsed;
  ASSIGN_OR_RETURN(record.publish_time, TimeFromText(publish_time, what));
  return record;
}

absl::StatusOr<PublishRecord> ReadPublishRecord(const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/", kPublishFile);
  const absl::StatusOr<std::string> text = ReadFile(path, kMaxRecordBytes);
  if (absl::IsNotFound(text.status())) return absl::DataLossError(text.status().message());
  if (!text.ok()) return Damaged(text.status());
  absl::StatusOr<PublishRecord> record = ParsePublishRecord(*text, absl::StrCat("'", path, "'"));
  if (!record.ok()) return Damaged(record.status());
  return record;
}

absl::StatusOr<std::string> SerializeLabels(const std::vector<LabelInfo>& labels) {
  RETURN_IF_ERROR(CheckLabelCount(labels.size(), kLabelsFile));
  json entries = json::object();
  for (const LabelInfo& info : labels) {
    entries[info.label] = {{"version", info.version},
                           {"update_time", TimeToText(info.update_time)}};
  }
  return CanonicalJson({{"format", kLabelsFormat}, {"labels", std::move(entries)}});
}

absl::StatusOr<std::vector<LabelInfo>> ParseLabels(absl::string_view text,
                                                   const std::string& what) {
  ASSIGN_OR_RETURN(const json value, ParseJson(text, what));
  JsonReader reader(value, what);
  const std::string format = reader.String("format");
  const json entries = reader.Object("labels");
  RETURN_IF_ERROR(reader.Finish());
  RETURN_IF_ERROR(CheckFormat(format, kLabelsFormat, what));
  RETURN_IF_ERROR(CheckLabelCount(entries.size(), what));
  std::vector<LabelInfo> labels;
  for (const auto& [label, entry] : entries.items()) {
    const absl::StatusOr<LabelInfo> info = LabelFromJson(label, entry, what);
    if (!info.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(what, ": ", info.status().message()));
    }
    labels.push_back(*info);
  }
  return labels;
}

absl::StatusOr<std::vector<LabelInfo>> ReadLabels(const std::string& bundle_folder) {
  const std::string path = absl::StrCat(bundle_folder, "/", kLabelsFile);
  const absl::StatusOr<std::string> text = ReadFile(path, kMaxRecordBytes);
  if (absl::IsNotFound(text.status())) return std::vector<LabelInfo>();
  if (!text.ok()) return Damaged(text.status());
  absl::StatusOr<std::vector<LabelInfo>> labels = ParseLabels(*text, absl::StrCat("'", path, "'"));
  if (!labels.ok()) return Damaged(labels.status());
  return labels;
}

}  // namespace tailcast::bundle
