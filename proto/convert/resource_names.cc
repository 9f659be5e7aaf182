#include "proto/convert/resource_names.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/quoted.h"

namespace tailcast {
namespace {

constexpr absl::string_view kBundles = "bundles";
constexpr absl::string_view kVersions = "versions";
constexpr absl::string_view kLabels = "labels";
constexpr absl::string_view kAllNames = "-";

absl::Status Unexpected(absl::string_view text, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("is ", Quoted(text), "; expected ", expected));
}

}  // namespace

absl::StatusOr<BundleReference> ParseBundleResource(absl::string_view text) {
  const absl::Status unexpected =
      Unexpected(text, "bundles/{bundle}/versions/{version} or bundles/{bundle}/labels/{label}");
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '/');
  if (parts.size() != 4 || parts[0] != kBundles) return unexpected;
  if (!ValidateBundleName(parts[1]).ok()) return unexpected;
  BundleReference reference = {.name = std::string(parts[1])};
  if (parts[2] == kVersions) {
    reference.version = VersionFromText(parts[3]);
    if (reference.version.has_value()) return reference;
  }
  if (parts[2] == kLabels && ValidateBundleName(parts[3]).ok()) {
    reference.label = std::string(parts[3]);
    return reference;
  }
  return unexpected;
}

absl::StatusOr<std::string> ParseBundleParent(absl::string_view text, bool allow_all) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '/');
  if (parts.size() == 2 && parts[0] == kBundles) {
    if (allow_all && parts[1] == kAllNames) return std::string(kAllNames);
    if (ValidateBundleName(parts[1]).ok()) return std::string(parts[1]);
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

std::string ResourceOf(const BundleReference& reference) {
  if (reference.version.has_value()) return VersionResource(reference.name, *reference.version);
  return LabelResource(reference.name, reference.label.value_or(""));
}

std::string ReferenceText(absl::string_view resource) {
  const absl::StatusOr<BundleReference> reference = ParseBundleResource(resource);
  if (reference.ok()) return ToText(*reference);
  const absl::StatusOr<std::string> name = ParseBundleParent(resource, /*allow_all=*/false);
  return name.ok() ? *name : std::string(resource);
}

}  // namespace tailcast
