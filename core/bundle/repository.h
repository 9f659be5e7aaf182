#ifndef TAILCAST_CORE_BUNDLE_REPOSITORY_H_
#define TAILCAST_CORE_BUNDLE_REPOSITORY_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/digest.h"
#include "core/base/files.h"
#include "core/bundle/manifest.h"
#include "core/contract/bundle_reference.h"

namespace tailcast::bundle {

// One published version.
struct VersionInfo {
  std::string name;
  int64_t version = 0;
  std::string folder = {};
  Digest digest = {};
  absl::Time publish_time = {};
};

struct LabelInfo {
  std::string label;
  int64_t version = 0;
  absl::Time update_time = {};
};

// What Publish() did.
struct PublishResult {
  VersionInfo version;
  // The same content was already there under this version; nothing was written.
  bool existed = false;
};

// Content of a new version: the manifest without `files`, and the bytes of each weight file.
struct BundleContents {
  Manifest manifest;
  std::map<std::string, std::string> files;
};

// The directory of bundles: `<root>/<name>/<version>/`, labels in `<name>/labels.json`. Every
// change appears atomically, so a reader at any moment, and after `kill -9`, sees a whole
// repository; writers on one machine exclude each other by a lock file. Stateless: each call looks
// at the disk. Safe to share.
class Repository {
 public:
  // NOT_FOUND if the folder is missing, INVALID_ARGUMENT if it is not a folder.
  static absl::StatusOr<Repository> Open(std::string root);
  // Creates the folder if need be.
  static absl::StatusOr<Repository> OpenOrCreate(std::string root);

  const std::string& root() const { return root_; }

  // Every version, ordered by name and then by version as a number. Half-written, foreign
  // and unreadable folders are left out.
  absl::StatusOr<std::vector<VersionInfo>> List() const;

  // NOT_FOUND names what is missing and what there is.
  absl::StatusOr<VersionInfo> Find(const BundleReference& reference) const;

  // By name of the label. NOT_FOUND: no such bundle.
  absl::StatusOr<std::vector<LabelInfo>> Labels(const std::string& name) const;

  // Points a label at a version that exists. DATA_LOSS, naming the file, if one is missing or has
  // not the size that the manifest lists: a label shall not take a server down.
  // `keep_waiting`: as for FileLock::Acquire(), while another process writes.
  absl::Status SetLabel(const std::string& name, int64_t version, const std::string& label,
                        const std::function<absl::Status()>& keep_waiting = nullptr) const;

  // Publishes the next version, or finds the one with the same content. A version whose files were
  // damaged since is not found: the same content then becomes the next version.
  // `keep_waiting`: as above.
  absl::StatusOr<PublishResult> Publish(
      const std::string& name, const BundleContents& contents, absl::Time now,
      const std::function<absl::Status()>& keep_waiting = nullptr) const;

 private:
  explicit Repository(std::string root) : root_(std::move(root)) {}

  absl::StatusOr<FileLock> LockForWriting(const std::function<absl::Status()>& keep_waiting) const;
  // Complete versions, ascending, at least one; else NOT_FOUND.
  absl::StatusOr<std::vector<int64_t>> VersionsOf(const std::string& name) const;

  std::string root_;
};

}  // namespace tailcast::bundle

#endif  // TAILCAST_CORE_BUNDLE_REPOSITORY_H_
