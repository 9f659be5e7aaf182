#ifndef TAILCAST_CLIENT_LIBRARY_BUNDLE_CATALOG_H_
#define TAILCAST_CLIENT_LIBRARY_BUNDLE_CATALOG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/library/failover.h"
#include "core/contract/bundle_reference.h"
#include "proto/tailcast/v1/bundle_service.pb.h"

namespace tailcast::client {

// Looks up what a server can serve. Errors: those of BundleService; UNAVAILABLE if no server
// answers. Safe to share.
class BundleCatalog {
 public:
  // `call_timeout`: of one attempt.
  explicit BundleCatalog(FailoverOptions options, absl::Duration call_timeout = absl::Seconds(20));

  // One version with all its fields; of a name alone the highest. NOT_FOUND: no such bundle,
  // version or label.
  absl::StatusOr<v1::Bundle> Get(const BundleReference& reference) const;

  // All versions, or those of one name if it is not empty, without class names and counts.
  absl::StatusOr<std::vector<v1::Bundle>> List(const std::string& name = "") const;

  absl::StatusOr<std::vector<v1::Label>> Labels(const std::string& name) const;

 private:
  absl::StatusOr<std::string> HighestVersion(const std::string& name) const;

  const FailoverOptions options_;
  const absl::Duration call_timeout_;
};

}  // namespace tailcast::client

#endif  // TAILCAST_CLIENT_LIBRARY_BUNDLE_CATALOG_H_
