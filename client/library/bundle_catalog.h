#ifndef TAILCAST_CLIENT_LIBRARY_BUNDLE_CATALOG_H_
#define TAILCAST_CLIENT_LIBRARY_BUNDLE_CATALOG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/library/failover.h"
#include "proto/tailcast/v1/bundle_service.pb.h"

namespace tailcast::client {

// "NAME" (its highest version), "NAME@VERSION" or "NAME:LABEL".
struct BundleReference {
  std::string name;
  std::optional<int64_t> version;
  std::optional<std::string> label;
};

// INVALID_ARGUMENT quotes the text. The rule for names is the server's to check.
absl::StatusOr<BundleReference> ParseBundleReference(absl::string_view text);

// "bundles/NAME/versions/3" -> {NAME, 3}. INVALID_ARGUMENT for any other text.
absl::StatusOr<std::pair<std::string, int64_t>> ParseVersionName(absl::string_view resource_name);

// Looks up what a server can serve. Errors: those of BundleService; UNAVAILABLE if no server
// answers. Safe to share.
class BundleCatalog {
 public:
  // `call_timeout`: of one attempt.
  explicit BundleCatalog(FailoverOptions options, absl::Duration call_timeout = absl::Seconds(20));

  // One version with all its fields. NOT_FOUND: no such bundle, version or label.
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
