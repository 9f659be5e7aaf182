#ifndef TAILCAST_PROTO_CONVERT_RESOURCE_NAMES_H_
#define TAILCAST_PROTO_CONVERT_RESOURCE_NAMES_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/contract/bundle_reference.h"

namespace tailcast {

// Names of resources in the API (AIP-122), the same for server and client.

// "bundles/NAME/versions/VERSION" or "bundles/NAME/labels/LABEL" -> a reference with a version or a
// label. The error's message is the description of a field violation: what stands there and what
// was expected.
absl::StatusOr<BundleReference> ParseBundleResource(absl::string_view text);

// "bundles/NAME" -> NAME; "bundles/-", if allowed, -> "-". Errors as above.
absl::StatusOr<std::string> ParseBundleParent(absl::string_view text, bool allow_all);

std::string ParentResource(absl::string_view name);
std::string VersionResource(absl::string_view name, int64_t version);
std::string LabelResource(absl::string_view name, absl::string_view label);
// The version's or the label's. REQUIRES: a version or a label.
std::string ResourceOf(const BundleReference& reference);

// As people write it, "NAME@VERSION", "NAME:LABEL" or "NAME"; a text that names none of them stays
// as it is.
std::string ReferenceText(absl::string_view resource);

}  // namespace tailcast

#endif  // TAILCAST_PROTO_CONVERT_RESOURCE_NAMES_H_
