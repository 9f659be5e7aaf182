#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/bundle/bundle.h"
#include "core/bundle/records.h"
#include "core/bundle/repository.h"
#include "core/bundle/version_folders.h"

namespace tailcast::bundle {
namespace {

constexpr char kLockFile[] = ".lock";

// A version as bytes.
struct StagedBundle {
  std::string manifest;
  std::string publish_record;
  const std::map<std::string, std::string>* files;
};

absl::Status WriteStaging(const std::string& folder, const StagedBundle& bundle) {
  RETURN_IF_ERROR(CreateDirectories(folder));
  for (const auto& [name, bytes] : *bundle.files) {
    RETURN_IF_ERROR(WriteFileAtomically(absl::StrCat(folder, "/", name), bytes));
  }
  RETURN_IF_ERROR(WriteFileAtomically(absl::StrCat(folder, "/", kManifestFile), bundle.manifest));
  return WriteFileAtomically(absl::StrCat(folder, "/", kPublishFile), bundle.publish_record);
}

// Whether a version still holds what was published; a file too many does no harm.
bool IsSound(const std::string& folder, const BundleContents& contents) {
  const auto checks = VerifyBundle(folder);
  const auto is_sound = [&](const FileCheck& check) {
    const bool needed = check.file == kManifestFile || check.file == kPublishFile ||
                        contents.files.contains(check.file);
    return check.ok || !needed;
  };
  return checks.ok() && std::all_of(checks->begin(), checks->end(), is_sound);
}

// Versions whose records say that they have this content, the highest first.
std::vector<VersionInfo> VersionsWith(const std::string& root, const std::string& name,
                                      const VersionNumbers& numbers, const Digest& digest) {
  std::vector<VersionInfo> found;
  const std::vector<int64_t>& versions = numbers.complete;
  for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
    absl::StatusOr<VersionInfo> info = ReadVersionInfo(root, name, *version);
    if (info.ok() && info->digest == digest) found.push_back(*std::move(info));
  }
  return found;
}

// The manifest with the digests of the files.
Manifest WithFiles(const BundleContents& contents) {
  Manifest manifest = contents.manifest;
  manifest.files.clear();
  for (const auto& [name, bytes] : contents.files) {
    manifest.files[name] = {.sha256 = Sha256Of(bytes),
                            .size_bytes = static_cast<int64_t>(bytes.size())};
  }
  return manifest;
}

// Writes beside the other versions, then appears at once; leaves nothing behind on an error.
absl::Status StageAndPublish(const std::string& bundle_folder, int64_t version,
                             const StagedBundle& bundle) {
  const bool is_new = !PathExists(bundle_folder);
  const std::string staging = StagingFolder(bundle_folder);
  absl::Status status = WriteStaging(staging, bundle);
  if (status.ok()) {
    status = PublishDirectory(staging, absl::StrCat(bundle_folder, "/", version));
  }
  if (status.ok()) return status;
  // The first error is the one to tell; what cannot be removed now, the next writer removes.
  RemoveAll(staging).IgnoreError();
  std::error_code ignored;
  if (is_new) std::filesystem::remove(bundle_folder, ignored);  // only if it is empty
  return status;
}

}  // namespace

absl::StatusOr<FileLock> Repository::LockForWriting(
    const std::function<absl::Status()>& keep_waiting) const {
  return FileLock::Acquire(absl::StrCat(root_, "/", kLockFile), keep_waiting);
}

absl::StatusOr<PublishResult> Repository::Publish(
    const std::string& name, const BundleContents& contents, absl::Time now,
    const std::function<absl::Status()>& keep_waiting) const {
  RETURN_IF_ERROR(ValidateBundleName(name));
  ASSIGN_OR_RETURN(const std::string manifest, SerializeManifest(WithFiles(contents)));
  const PublishRecord record = {
      .digest = Sha256Of(manifest), .publish_time = now, .tool_version = TAILCAST_VERSION};
  ASSIGN_OR_RETURN(const std::string publish_record, SerializePublishRecord(record));

  ASSIGN_OR_RETURN(const FileLock lock, LockForWriting(keep_waiting));
  const std::string folder = absl::StrCat(root_, "/", name);
  VersionNumbers numbers;
  if (PathExists(folder)) {
    RETURN_IF_ERROR(RemoveLeftovers(folder));
    ASSIGN_OR_RETURN(numbers, ListVersionNumbers(folder));
    for (VersionInfo& same : VersionsWith(root_, name, numbers, record.digest)) {
      if (!IsSound(same.folder, contents)) continue;
      return PublishResult{.version = std::move(same), .existed = true};
    }
  }
  if (numbers.highest_taken >= kMaxVersion) {
    return absl::ResourceExhaustedError(absl::StrCat("'", folder, "' has version ", kMaxVersion,
                                                     ", the highest that there can be"));
  }
  const int64_t version = numbers.highest_taken + 1;
  RETURN_IF_ERROR(StageAndPublish(
      folder, version,
      {.manifest = manifest, .publish_record = publish_record, .files = &contents.files}));
  ASSIGN_OR_RETURN(VersionInfo info, ReadVersionInfo(root_, name, version));
  return PublishResult{.version = std::move(info)};
}

}  // namespace tailcast::bundle
