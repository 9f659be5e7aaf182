#include "core/bundle/version_folders.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/bundle/manifest.h"
#include "core/bundle/records.h"

namespace tailcast::bundle {
namespace {

constexpr char kStagingPrefix[] = ".staging-";

bool IsDirectory(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> BundleNames(const std::string& root) {
  ASSIGN_OR_RETURN(std::vector<std::string> names, ListDirectory(root));
  const auto is_foreign = [&](const std::string& name) {
    return !ValidateBundleName(name).ok() || !IsDirectory(absl::StrCat(root, "/", name));
  };
  names.erase(std::remove_if(names.begin(), names.end(), is_foreign), names.end());
  return names;
}

absl::StatusOr<VersionNumbers> ListVersionNumbers(const std::string& bundle_folder) {
  ASSIGN_OR_RETURN(const std::vector<std::string> entries, ListDirectory(bundle_folder));
  VersionNumbers numbers;
  for (const std::string& entry : entries) {
    const std::optional<int64_t> version = VersionFromText(entry);
    if (!version.has_value()) continue;
    numbers.highest_taken = std::max(numbers.highest_taken, *version);
    const std::string folder = absl::StrCat(bundle_folder, "/", entry);
    if (IsDirectory(folder)) numbers.folders.push_back(*version);
    if (PathExists(absl::StrCat(folder, "/", kManifestFile)) &&
        PathExists(absl::StrCat(folder, "/", kPublishFile))) {
      numbers.complete.push_back(*version);
    }
  }
  std::sort(numbers.complete.begin(), numbers.complete.end());
  std::sort(numbers.folders.begin(), numbers.folders.end());
  return numbers;
}

absl::StatusOr<VersionInfo> ReadVersionInfo(const std::string& root, const std::string& name,
                                            int64_t version) {
  VersionInfo info = {.name = name, .version = version};
  info.folder = absl::StrCat(root, "/", name, "/", version);
  ASSIGN_OR_RETURN(const PublishRecord record, ReadPublishRecord(info.folder));
  info.digest = record.digest;
  info.publish_time = record.publish_time;
  return info;
}

std::string StagingFolder(const std::string& bundle_folder) {
  return absl::StrCat(bundle_folder, "/", kStagingPrefix, getpid(), "-",
                      absl::Hex(std::random_device()(), absl::kZeroPad8));
}

absl::Status RemoveLeftovers(const std::string& bundle_folder) {
  ASSIGN_OR_RETURN(const std::vector<std::string> entries, ListDirectory(bundle_folder));
  const std::string half_written_labels = absl::StrCat(kLabelsFile, kTemporaryEnding);
  for (const std::string& entry : entries) {
    if (!absl::StartsWith(entry, kStagingPrefix) && entry != half_written_labels) continue;
    RETURN_IF_ERROR(RemoveAll(absl::StrCat(bundle_folder, "/", entry)));
  }
  return absl::OkStatus();
}

}  // namespace tailcast::bundle
