#ifndef TAILCAST_CLIENT_CLI_BUNDLE_LISTING_H_
#define TAILCAST_CLIENT_CLI_BUNDLE_LISTING_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/library/failover.h"
#include "core/bundle/manifest.h"
#include "nlohmann/json.hpp"
#include "proto/tailcast/v1/bundle_service.pb.h"

namespace tailcast::cli {

// One version of a bundle, as a server or a repository describes it.
struct ListedBundle {
  // As the API says it; from a repository without state and numerics.
  v1::Bundle bundle;
  // From a repository: the whole manifest.
  std::optional<bundle::Manifest> manifest = {};
  // From a repository: why publish.json or the manifest cannot be read; empty if they can. Of a
  // bundle whose folder cannot be listed: why, and `bundle` is "bundles/NAME".
  std::string fault = {};
  // The same of the labels of all its versions, of which `bundle` then has none.
  std::string labels_fault = {};
};

// All versions, or those of one name if it is not empty, ordered by name and version. What is
// damaged is listed with its fault and hides nothing else.
absl::StatusOr<std::vector<ListedBundle>> ListRepository(const std::string& repository,
                                                         const std::string& name);
absl::StatusOr<std::vector<ListedBundle>> ListServer(const client::FailoverOptions& server,
                                                     const std::string& name);

// One version; `reference` is NAME, NAME@VERSION or NAME:LABEL. NOT_FOUND names what there is.
absl::StatusOr<ListedBundle> FindInRepository(const std::string& repository,
                                              const std::string& reference);
absl::StatusOr<ListedBundle> FindOnServer(const client::FailoverOptions& server,
                                          const std::string& reference);

// "NAME@VERSION", or "NAME".
std::string ReferenceOf(const v1::Bundle& bundle);
// Names of the labels that point at it.
std::vector<std::string> LabelsOf(const v1::Bundle& bundle);
// "ACTIVE", "DAMAGED", ...; "" where a state has no meaning, a number where it is not known.
std::string StateOf(const ListedBundle& listed);

nlohmann::json ToJson(const ListedBundle& listed);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_BUNDLE_LISTING_H_
