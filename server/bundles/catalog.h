#ifndef TAILCAST_SERVER_BUNDLES_CATALOG_H_
#define TAILCAST_SERVER_BUNDLES_CATALOG_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "core/base/digest.h"
#include "core/bundle/manifest.h"
#include "core/bundle/repository.h"
#include "server/bundles/served_bundle.h"
#include "server/convert/bundle_description.h"

namespace tailcast::bundles {

struct CatalogOptions {
  // Root folder of the repository.
  std::string repository;
  // How often it is looked at; new versions and labels are seen within two of them.
  absl::Duration poll_interval = absl::Seconds(2);
  BundleLoader loader = LoadBundle;
  // Told whenever the readiness of a bundle name may have changed, and with "" once
  // everything that the server loads at start is loaded or has failed.
  std::function<void(const std::string& name, bool ready)> on_readiness = [](const std::string&,
                                                                             bool) {};
};

// What the server can serve: follows the repository, loads the highest and the labelled versions of
// each name at start and when they change, others at the first call. Looking and loading happen
// on two threads of its own; the methods only look things up. Thread-safe.
class Catalog {
 public:
  // Looks at the repository once, then follows it. NOT_FOUND or INVALID_ARGUMENT if there is no
  // such folder.
  static absl::StatusOr<std::unique_ptr<Catalog>> Create(CatalogOptions options);
  // Stops following; waits for a load in progress.
  ~Catalog();

  // A handle for serving. The errors are the service's:
  //   NOT_FOUND: no such bundle, version or label
  //   FAILED_PRECONDITION: its digest is not `pinned_digest`
  //   UNAVAILABLE, BUNDLE_LOADING: not loaded yet; loading begins
  //   DATA_LOSS: cannot be loaded
  absl::StatusOr<std::shared_ptr<const ServedBundle>> Acquire(
      const bundle::BundleReference& reference, const std::optional<Digest>& pinned_digest)
      ABSL_LOCKS_EXCLUDED(mu_);

  // By name and version; of one name, or of all if `name` is "-". NOT_FOUND.
  absl::StatusOr<std::vector<convert::BundleDescription>> List(const std::string& name) const
      ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<convert::BundleDescription> Get(const bundle::BundleReference& reference) const
      ABSL_LOCKS_EXCLUDED(mu_);
  // By name of the label. NOT_FOUND.
  absl::StatusOr<std::vector<bundle::LabelInfo>> Labels(const std::string& name) const
      ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Version {
    bundle::VersionInfo info;
    convert::BundleState state = convert::BundleState::kAvailable;
    std::shared_ptr<const bundle::Manifest> manifest;  // null if it cannot be read
    std::shared_ptr<const ServedBundle> served;        // set while kActive
    std::string damaged_file;
    // When a failed load is worth another try.
    absl::Time retry_time = absl::InfiniteFuture();
  };
  struct Name {
    std::map<int64_t, Version> versions;
    std::vector<bundle::LabelInfo> labels;
  };
  using Names = std::map<std::string, Name>;

  Catalog(CatalogOptions options, bundle::Repository repository);

  // One look at the repository.
  absl::Status Look() ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<Names> ReadRepository();
  // Keeps what is known of versions that are still the same.
  void Merge(Names found) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ReadNewManifests() ABSL_LOCKS_EXCLUDED(mu_);
  // The version, if it is still the one that `info` describes; else null.
  Version* FindSame(const bundle::VersionInfo& info) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void RequestLoads() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void RequestLoad(Version& version) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Logs what cannot be read, once until it changes.
  void NoteFault(const std::string& what, const absl::Status& status);
  void FollowRepository();
  void LoadVersions();
  void LoadOne(const bundle::VersionInfo& info) ABSL_LOCKS_EXCLUDED(mu_);
  void ReportReadiness() ABSL_LOCKS_EXCLUDED(report_mu_, mu_);

  absl::StatusOr<const Name*> FindName(const std::string& name) const
      ABSL_SHARED_LOCKS_REQUIRED(mu_);
  absl::StatusOr<int64_t> FindVersion(const bundle::BundleReference& reference,
                                      const std::optional<Digest>& pinned_digest) const
      ABSL_SHARED_LOCKS_REQUIRED(mu_);
  static convert::BundleDescription Describe(const Name& name, const Version& version);

  const CatalogOptions options_;
  const bundle::Repository repository_;
  // What could not be read at the last look; used by the one thread that looks.
  std::map<std::string, std::string> faults_;
  // Keeps reports of the two threads in order.
  absl::Mutex report_mu_ ABSL_ACQUIRED_BEFORE(mu_);
  std::set<std::string> reported_ ABSL_GUARDED_BY(report_mu_);
  mutable absl::Mutex mu_;
  Names names_ ABSL_GUARDED_BY(mu_);
  std::deque<bundle::VersionInfo> load_requests_ ABSL_GUARDED_BY(mu_);
  bool loading_ ABSL_GUARDED_BY(mu_) = false;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  bool start_reported_ ABSL_GUARDED_BY(mu_) = false;
  std::thread follower_;
  std::thread loader_;
};

}  // namespace tailcast::bundles

#endif  // TAILCAST_SERVER_BUNDLES_CATALOG_H_
