#ifndef TAILCAST_SERVER_BUNDLES_CATALOG_H_
#define TAILCAST_SERVER_BUNDLES_CATALOG_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
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
#include "core/bundle/inventory.h"
#include "core/bundle/manifest.h"
#include "core/bundle/repository.h"
#include "server/bundles/served_bundle.h"
#include "server/convert/bundle_description.h"

namespace tailcast::bundles {

struct CatalogOptions {
  // Root folder of the repository.
  std::string repository = {};
  // How often it is looked at; new versions and labels are seen within two of them.
  absl::Duration poll_interval = absl::Seconds(2);
  // A load that failed for a reason that may pass is tried again after this time.
  absl::Duration load_retry_delay = absl::Seconds(30);
  // Versions that stay loaded beside the highest and the labelled ones: those asked for last. At
  // least 1.
  int64_t max_loaded_versions = 8;
  BundleLoader loader = LoadBundle;
  // Told whenever the readiness of a bundle name, or of the whole server (""), may have changed.
  // A name is ready while one of its versions serves. The server is ready once everything that it
  // loads at start is loaded or has failed, and while any version serves: where every call would
  // fail, none shall be sent. An empty repository is ready too, since nothing is wrong with it; a
  // first roll-out would otherwise wait for the first bundle.
  std::function<void(const std::string& name, bool ready)> on_readiness = [](const std::string&,
                                                                             bool) {};
};

// What the server can serve: follows the repository, loads the highest and the labelled versions of
// each name at start and when they change, others at the first call. A version whose load failed is
// tried again when time has passed or its files have changed. Looking and loading happen on two
// threads of its own; the methods only look things up. Thread-safe.
class Catalog {
 public:
  // Looks at the repository once. NOT_FOUND or INVALID_ARGUMENT if there is no such folder.
  static absl::StatusOr<std::unique_ptr<Catalog>> Create(CatalogOptions options);
  // Cancels a load in progress, and waits for its end.
  ~Catalog();

  // From now on follows the repository and loads. Call once.
  void Start();

  // A handle for serving. The errors are the service's:
  //   NOT_FOUND: no such bundle, version or label
  //   FAILED_PRECONDITION: its digest is not `pinned_digest`
  //   UNAVAILABLE, BUNDLE_LOADING: not loaded yet; loading begins, now or when it is due again
  //   DATA_LOSS: cannot be loaded before its files change
  absl::StatusOr<std::shared_ptr<const ServedBundle>> Acquire(
      const BundleReference& reference, const std::optional<Digest>& pinned_digest)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Where a page of a list begins: behind this version; the default is behind none.
  struct Position {
    std::string name = {};
    int64_t version = 0;
  };
  // At most `count`, by name and version; of one name, or of all if `name` is "-". NOT_FOUND.
  absl::StatusOr<std::vector<convert::BundleDescription>> List(const std::string& name,
                                                               const Position& behind,
                                                               size_t count) const
      ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<convert::BundleDescription> Get(const BundleReference& reference) const
      ABSL_LOCKS_EXCLUDED(mu_);
  // By name of the label. NOT_FOUND.
  absl::StatusOr<std::vector<bundle::LabelInfo>> Labels(const std::string& name) const
      ABSL_LOCKS_EXCLUDED(mu_);

 private:
  // What a look makes of a version's folder.
  enum class Finding {
    kSound,
    kDamaged,      // publish.json cannot be read
    kHalfWritten,  // manifest or publish.json is missing: of no use, unless it is known
  };
  struct Version {
    bundle::VersionInfo info;
    Finding finding = Finding::kSound;
    convert::BundleState state = convert::BundleState::kAvailable;
    std::shared_ptr<const bundle::Manifest> manifest;  // null if it cannot be read
    std::shared_ptr<const ServedBundle> served;        // set while kActive
    // Of a failed load: the file to blame, and when to try again; infinitely far: not before
    // `failed_files`, the folder's stamp before the load, has changed.
    std::string damaged_file;
    absl::Time retry_time = absl::InfiniteFuture();
    std::string failed_files;
    // Rank of the last use; the lowest is dropped first.
    int64_t last_use = 0;
  };
  struct Name {
    std::map<int64_t, Version> versions;
    std::vector<bundle::LabelInfo> labels;
    // False if the last look could not list the folder.
    bool listed = true;

    // Whether a version is loaded unasked, and stays: the highest and the labelled ones.
    bool Keeps(int64_t version) const;
  };
  using Names = std::map<std::string, Name>;
  using ServedBundles = std::vector<std::shared_ptr<const ServedBundle>>;

  Catalog(CatalogOptions options, bundle::Repository repository);

  // catalog_follow.cc: one look at the repository.
  void FollowRepository();
  absl::Status Look() ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<Names> ReadRepository() ABSL_LOCKS_EXCLUDED(mu_);
  std::vector<bundle::LabelInfo> KnownLabels(const std::string& name) const
      ABSL_LOCKS_EXCLUDED(mu_);
  Name ToName(const bundle::BundleEntry& entry) ABSL_LOCKS_EXCLUDED(mu_);
  // Keeps what is known of versions that are still the same, or cannot be read at the moment.
  // Returns what is over, for the caller to destroy without the lock.
  [[nodiscard]] Names Merge(Names found) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  static void KeepKnown(Name& known, Name& found);
  void ReadNewManifests() ABSL_LOCKS_EXCLUDED(mu_);
  // A failed load is due at once if the files have changed.
  void FindMendedFiles() ABSL_LOCKS_EXCLUDED(mu_);
  // Logs what cannot be read, once until it changes.
  void NoteFault(const std::string& what, const absl::Status& status);
  void ReportReadiness() ABSL_LOCKS_EXCLUDED(report_mu_, mu_);

  // catalog_load.cc: what is loaded, and what is dropped again.
  void LoadVersions();
  void LoadOne(const bundle::VersionInfo& info) ABSL_LOCKS_EXCLUDED(mu_);
  void NoteFailure(const bundle::VersionInfo& info, const absl::Status& cause,
                   std::string failed_files) ABSL_LOCKS_EXCLUDED(mu_);
  void RequestLoads() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void RequestLoad(Version& version) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Bundles that are not kept any more; the caller destroys them without the lock.
  [[nodiscard]] ServedBundles TakeUnused() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // The version, if it is still the one that `info` describes; else null.
  Version* FindSame(const bundle::VersionInfo& info) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<const Name*> FindName(const std::string& name) const
      ABSL_SHARED_LOCKS_REQUIRED(mu_);
  absl::StatusOr<int64_t> FindVersion(const BundleReference& reference,
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
  // What is loaded at start is loaded or has failed.
  bool start_is_over_ ABSL_GUARDED_BY(mu_) = false;
  // Uses of bundles so far: Version::last_use of the next.
  int64_t uses_ ABSL_GUARDED_BY(mu_) = 0;
  std::stop_source stop_loading_;
  std::thread follower_;
  std::thread loader_;
};

}  // namespace tailcast::bundles

#endif  // TAILCAST_SERVER_BUNDLES_CATALOG_H_
