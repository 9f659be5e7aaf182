#include "core/bundle/repository.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/bundle/bundle.h"
#include "core/bundle/records.h"
#include "core/bundle/version_folders.h"

namespace tailcast::bundle {
namespace {

// Messages say what there is, but do not grow with the repository.
constexpr size_t kMaxShownNames = 20;

template <typename List>
std::string Shown(const List& names) {
  if (names.empty()) return "none";
  const size_t count = std::min(names.size(), kMaxShownNames);
  const char* more = names.size() > count ? ", ..." : "";
  return absl::StrCat(absl::StrJoin(names.begin(), names.begin() + count, ", "), more);
}

absl::Status NoSuchBundle(const Repository& repository, const std::string& name) {
  ASSIGN_OR_RETURN(const std::vector<VersionInfo> versions, repository.List());
  std::vector<std::string> names;
  for (const VersionInfo& info : versions) {
    if (names.empty() || names.back() != info.name) names.push_back(info.name);
  }
  return absl::NotFoundError(absl::StrCat("no bundle '", name, "' in '", repository.root(),
                                          "'; there is: ", Shown(names)));
}

absl::Status NoSuchVersion(const std::string& name, int64_t version,
                           const std::vector<int64_t>& versions) {
  return absl::NotFoundError(absl::StrCat("bundle '", name, "' has no version ", version,
                                          "; there is: ", Shown(versions)));
}

absl::Status NoSuchLabel(const std::string& name, const std::string& label,
                         const std::vector<LabelInfo>& labels) {
  std::vector<std::string> names;
  for (const LabelInfo& info : labels) names.push_back(info.label);
  return absl::NotFoundError(
      absl::StrCat("bundle '", name, "' has no label '", label, "'; there is: ", Shown(names)));
}

bool Holds(const std::vector<int64_t>& versions, int64_t version) {
  return std::binary_search(versions.begin(), versions.end(), version);
}

}  // namespace

absl::StatusOr<Repository> Repository::Open(std::string root) {
  std::error_code error;
  if (!std::filesystem::exists(root, error)) {
    return absl::NotFoundError(
        absl::StrCat("no repository '", root, "'; expected a folder of bundles"));
  }
  if (!std::filesystem::is_directory(root, error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("repository '", root, "' is not a folder; expected a folder of bundles"));
  }
  return Repository(std::move(root));
}

absl::StatusOr<Repository> Repository::OpenOrCreate(std::string root) {
  if (!PathExists(root)) RETURN_IF_ERROR(CreateDirectories(root));
  return Open(std::move(root));
}

absl::StatusOr<std::vector<VersionInfo>> Repository::List() const {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, BundleNames(root_));
  std::vector<VersionInfo> versions;
  for (const std::string& name : names) {
    const auto numbers = ListVersionNumbers(absl::StrCat(root_, "/", name));
    if (!numbers.ok()) continue;  // removed since it was listed, or somebody else's
    for (const int64_t version : numbers->complete) {
      // One damaged record must not hide the other bundles; Find() names it.
      const absl::StatusOr<VersionInfo> info = ReadVersionInfo(root_, name, version);
      if (info.ok()) versions.push_back(*info);
    }
  }
  return versions;
}

absl::StatusOr<std::vector<int64_t>> Repository::VersionsOf(const std::string& name) const {
  const auto numbers = ListVersionNumbers(absl::StrCat(root_, "/", name));
  if (absl::IsNotFound(numbers.status())) return NoSuchBundle(*this, name);
  RETURN_IF_ERROR(numbers.status());
  if (numbers->complete.empty()) return NoSuchBundle(*this, name);
  return numbers->complete;
}

absl::StatusOr<VersionInfo> Repository::Find(const BundleReference& reference) const {
  RETURN_IF_ERROR(ValidateBundleName(reference.name));
  ASSIGN_OR_RETURN(const std::vector<int64_t> versions, VersionsOf(reference.name));
  int64_t version = reference.version.value_or(versions.back());
  if (reference.label.has_value()) {
    ASSIGN_OR_RETURN(const std::vector<LabelInfo> labels,
                     ReadLabels(absl::StrCat(root_, "/", reference.name)));
    const auto found = std::find_if(labels.begin(), labels.end(), [&](const LabelInfo& info) {
      return info.label == *reference.label;
    });
    if (found == labels.end()) return NoSuchLabel(reference.name, *reference.label, labels);
    version = found->version;
  }
  if (!Holds(versions, version)) return NoSuchVersion(reference.name, version, versions);
  return ReadVersionInfo(root_, reference.name, version);
}

absl::StatusOr<std::vector<LabelInfo>> Repository::Labels(const std::string& name) const {
  RETURN_IF_ERROR(ValidateBundleName(name));
  RETURN_IF_ERROR(VersionsOf(name).status());
  return ReadLabels(absl::StrCat(root_, "/", name));
}

absl::Status Repository::SetLabel(const std::string& name, int64_t version,
                                  const std::string& label,
                                  const std::function<absl::Status()>& keep_waiting) const {
  RETURN_IF_ERROR(ValidateBundleName(label));
  ASSIGN_OR_RETURN(const VersionInfo info, Find({.name = name, .version = version}));
  RETURN_IF_ERROR(CheckFilesAreThere(info.folder));
  ASSIGN_OR_RETURN(const FileLock lock, LockForWriting(keep_waiting));
  const std::string folder = absl::StrCat(root_, "/", name);
  RETURN_IF_ERROR(RemoveLeftovers(folder));
  ASSIGN_OR_RETURN(std::vector<LabelInfo> labels, ReadLabels(folder));
  const auto same = [&](const LabelInfo& info) { return info.label == label; };
  labels.erase(std::remove_if(labels.begin(), labels.end(), same), labels.end());
  labels.push_back({.label = label, .version = version, .update_time = absl::Now()});
  ASSIGN_OR_RETURN(const std::string text, SerializeLabels(labels));
  return WriteFileAtomically(absl::StrCat(folder, "/", kLabelsFile), text);
}

}  // namespace tailcast::bundle
