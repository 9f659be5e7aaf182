#ifndef TAILCAST_CORE_BUNDLE_VERSION_FOLDERS_H_
#define TAILCAST_CORE_BUNDLE_VERSION_FOLDERS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/bundle/repository.h"

namespace tailcast::bundle {

// Parts of Repository: which folders are bundles and versions.

// Names of the bundles' folders under a root, sorted; other entries are left out.
absl::StatusOr<std::vector<std::string>> BundleNames(const std::string& root);

// What stands in a bundle's folder.
struct VersionNumbers {
  // Versions with manifest and publish.json, ascending.
  std::vector<int64_t> complete;
  // Every numbered folder, complete or not, ascending.
  std::vector<int64_t> folders;
  // The highest number that is taken, by whatever; 0 if none.
  int64_t highest_taken = 0;
};
// NOT_FOUND: no such folder.
absl::StatusOr<VersionNumbers> ListVersionNumbers(const std::string& bundle_folder);

// The version as publish.json says it. DATA_LOSS if that is damaged.
absl::StatusOr<VersionInfo> ReadVersionInfo(const std::string& root, const std::string& name,
                                            int64_t version);

// Where a version is staged before it appears: a name that no reader takes for a version.
std::string StagingFolder(const std::string& bundle_folder);

// Removes what writers that were killed have left. REQUIRES: the repository's lock is held, so that
// no writer is at work.
absl::Status RemoveLeftovers(const std::string& bundle_folder);

}  // namespace tailcast::bundle

#endif  // TAILCAST_CORE_BUNDLE_VERSION_FOLDERS_H_
