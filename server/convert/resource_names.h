#ifndef TAILCAST_SERVER_CONVERT_RESOURCE_NAMES_H_
#define TAILCAST_SERVER_CONVERT_RESOURCE_NAMES_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/bundle/repository.h"

namespace tailcast::convert {

// Names of resources in the API (AIP-122).

// "bundles/NAME/versions/VERSION" or "bundles/NAME/labels/LABEL" -> a reference with a version or a
// label. The error's message is the description of a field violation: what stands there and what
// was expected.
absl::StatusOr<bundle::BundleReference> ParseBundleResource(absl::string_view text);

// "bundles/NAME" -> NAME; "bundles/-", if allowed, -> "-".
absl::StatusOr<std::string> ParseBundleParent(absl::string_view text, bool allow_all);

std::string ParentResource(absl::string_view name);
std::string VersionResource(absl::string_view name, int64_t version);
std::string LabelResource(absl::string_view name, absl::string_view label);
// The first or the second form. REQUIRES: a version or a label.
std::string ResourceOf(const bundle::BundleReference& reference);

}  // namespace tailcast::convert

#endif  // TAILCAST_SERVER_CONVERT_RESOURCE_NAMES_H_
