#include "core/bundle/inventory.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/bundle/records.h"
#include "core/bundle/version_folders.h"

namespace tailcast::bundle {
namespace {

BundleEntry EmptyEntry(const Repository& repository, const std::string& name) {
  return {.name = name,
          .folder = absl::StrCat(repository.root(), "/", name),
          .versions = {},
          .labels = std::vector<LabelInfo>()};
}

}  // namespace

absl::StatusOr<std::vector<BundleEntry>> TakeInventory(const Repository& repository) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, BundleNames(repository.root()));
  std::vector<BundleEntry> entries;
  for (const std::string& name : names) {
    absl::StatusOr<BundleEntry> entry = TakeInventoryOf(repository, name);
    if (absl::IsNotFound(entry.status())) continue;  // removed since it was listed
    if (entry.ok()) {
      entries.push_back(*std::move(entry));
    } else {
      entries.push_back(EmptyEntry(repository, name));
      entries.back().fault = entry.status();
    }
  }
  return entries;
}

absl::StatusOr<BundleEntry> TakeInventoryOf(const Repository& repository, const std::string& name) {
  BundleEntry entry = EmptyEntry(repository, name);
  ASSIGN_OR_RETURN(const VersionNumbers numbers, ListVersionNumbers(entry.folder));
  for (const int64_t version : numbers.folders) {
    entry.versions.push_back({.version = version,
                              .folder = absl::StrCat(entry.folder, "/", version),
                              .info = ReadVersionInfo(repository.root(), name, version),
                              .complete = std::binary_search(numbers.complete.begin(),
                                                             numbers.complete.end(), version)});
  }
  entry.labels = ReadLabels(entry.folder);
  return entry;
}

}  // namespace tailcast::bundle
