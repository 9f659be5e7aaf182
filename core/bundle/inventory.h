#ifndef TAILCAST_CORE_BUNDLE_INVENTORY_H_
#define TAILCAST_CORE_BUNDLE_INVENTORY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/bundle/repository.h"

namespace tailcast::bundle {

// One numbered folder. A version appears whole, so one without a sound publish.json or without a
// manifest is damaged, not work in progress.
struct VersionEntry {
  int64_t version = 0;
  std::string folder;
  // What publish.json says; DATA_LOSS, naming the file, if it is missing or damaged.
  absl::StatusOr<VersionInfo> info;
  // Whether a manifest and a publish.json stand in it, sound or not.
  bool complete = false;
};

// What stands under one bundle's name.
struct BundleEntry {
  std::string name;
  std::string folder;
  // Why the folder cannot be listed; there are no versions and no labels then.
  absl::Status fault = absl::OkStatus();
  // Ascending.
  std::vector<VersionEntry> versions;
  // DATA_LOSS, naming the file, if labels.json is damaged.
  absl::StatusOr<std::vector<LabelInfo>> labels;
};

// Everything in a repository, sound or not, by name: for those who look for damage, while
// Repository::List() leaves out what cannot be used. Errors: those of the repository's own folder.
absl::StatusOr<std::vector<BundleEntry>> TakeInventory(const Repository& repository);

// The part of it under one name, without `fault`: NOT_FOUND: no such folder; errors as
// ListDirectory().
absl::StatusOr<BundleEntry> TakeInventoryOf(const Repository& repository, const std::string& name);

}  // namespace tailcast::bundle

#endif  // TAILCAST_CORE_BUNDLE_INVENTORY_H_
