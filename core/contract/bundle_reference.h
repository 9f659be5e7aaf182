#ifndef TAILCAST_CORE_CONTRACT_BUNDLE_REFERENCE_H_
#define TAILCAST_CORE_CONTRACT_BUNDLE_REFERENCE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tailcast {

// How people, folders and messages name bundles, their versions and labels: one rule for all.

// Names of bundles and of labels: `[a-z0-9][a-z0-9._-]{0,62}`. INVALID_ARGUMENT quotes name and
// rule.
absl::Status ValidateBundleName(absl::string_view name);

// The highest version: the next number still fits an int64.
inline constexpr int64_t kMaxVersion = 999'999'999'999'999'999;

// A positive integer up to kMaxVersion without leading zero; nullopt for any other text.
std::optional<int64_t> VersionFromText(absl::string_view text);

// A bundle's highest version, one version, or the one that a label points at.
struct BundleReference {
  std::string name;
  // At most one of the two.
  std::optional<int64_t> version = {};
  std::optional<std::string> label = {};
};

// "NAME", "NAME@VERSION" or "NAME:LABEL". INVALID_ARGUMENT quotes what is wrong and what was
// expected.
absl::StatusOr<BundleReference> ParseBundleReference(absl::string_view text);

// The text that ParseBundleReference() reads.
std::string ToText(const BundleReference& reference);

}  // namespace tailcast

#endif  // TAILCAST_CORE_CONTRACT_BUNDLE_REFERENCE_H_
