#include "core/bundle/inventory.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/bundle/records.h"
#include "core/bundle/version_folders.h"

namespace tailcast::bundle {

absl::StatusOr<std::vector<BundleEntry>> TakeInventory(const Repository& repository) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, BundleNames(repository.root()));
  std::vector<BundleEntry> entries;
  for (const std::string& name : names) {
    BundleEntry entry = {.name = name,
                         .folder = absl::StrCat(repository.root(), "/", name),
                         .versions = {},
                         .labels = std::vector<LabelInfo>()};
    const auto numbers = ListVersionNumbers(entry.folder);
    if (absl::IsNotFound(numbers.status())) continue;  // removed since it was listed
    RETURN_IF_ERROR(numbers.status());
    for (const int64_t version : numbers->folders) {
      entry.versions.push_back({.version = version,
                                .folder = absl::StrCat(entry.folder, "/", version),
                                .info = ReadVersionInfo(repository.root(), name, version)});
    }
    entry.labels = ReadLabels(entry.folder);
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace tailcast::bundle
