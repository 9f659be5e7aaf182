#include "server/convert/resource_names.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/rpc/errors.h"

namespace tailcast::convert {
namespace {

constexpr absl::string_view kBundles = "bundles";
constexpr absl::string_view kVersions = "versions";
constexpr absl::string_view kLabels = "labels";
constexpr absl::string_view kAllNames = "-";

absl::Status Unexpected(absl::string_view text, absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("is ", rpc::Quoted(text), "; expected ", expected));
}

// A positive decimal number in its one way of writing.
bool ParseVersion(absl::string_view text, int64_t& version) {
  return absl::SimpleAtoi(text, &version) && version >= 1 && absl::StrCat(version) == text;
}

}  // namespace

absl::StatusOr<bundle::BundleReference> ParseBundleResource(absl::string_view text) {
  const absl::Status unexpected =
      Unexpected(text, "bundles/{bundle}/versions/{version} or bundles/{bundle}/labels/{label}");
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '/');
  if (parts.size() != 4 || parts[0] != kBundles) return unexpected;
  if (!bundle::ValidateName(parts[1]).ok()) return unexpected;
  bundle::BundleReference reference;
  reference.name = std::string(parts[1]);
  int64_t version = 0;
  if (parts[2] == kVersions && ParseVersion(parts[3], version)) {
    reference.version = version;
    return reference;
  }
  if (parts[2] == kLabels && bundle::ValidateName(parts[3]).ok()) {
    reference.label = std::string(parts[3]);
    return reference;
  }
  return unexpected;
}

absl::StatusOr<std::string> ParseBundleParent(absl::string_view text, bool allow_all) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '/');
  if (parts.size() == 2 && parts[0] == kBundles) {
    if (allow_all && parts[1] == kAllNames) return std::string(kAllNames);
    if (bundle::ValidateName(parts[1]).ok()) return std::string(parts[1]);
  }
  return Unexpected(text, allow_all ? "bundles/{bundle} or bundles/-" : "bundles/{bundle}");
}

std::string ParentResource(absl::string_view name) { return absl::StrCat(kBundles, "/", name); }

std::string VersionResource(absl::string_view name, int64_t version) {
  return absl::StrCat(ParentResource(name), "/", kVersions, "/", version);
}

std::string LabelResource(absl::string_view name, absl::string_view label) {
  return absl::StrCat(ParentResource(name), "/", kLabels, "/", label);
}

std::string ResourceOf(const bundle::BundleReference& reference) {
  if (reference.version.has_value()) return VersionResource(reference.name, *reference.version);
  return LabelResource(reference.name, reference.label.value_or(""));
}

}  // namespace tailcast::convert
