#include "core/contract/bundle_reference.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/quoted.h"
#include "core/base/status_macros.h"

namespace tailcast {
namespace {

constexpr size_t kMaxNameLength = 63;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsLowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || IsDigit(c); }

bool IsNameCharacter(char c) { return IsLowerOrDigit(c) || c == '.' || c == '_' || c == '-'; }

}  // namespace

absl::Status ValidateBundleName(absl::string_view name) {
  if (!name.empty() && name.size() <= kMaxNameLength && IsLowerOrDigit(name[0]) &&
      std::all_of(name.begin(), name.end(), IsNameCharacter)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("name ", Quoted(name), "; expected [a-z0-9][a-z0-9._-]{0,62}"));
}

std::optional<int64_t> VersionFromText(absl::string_view text) {
  int64_t version = 0;
  if (text.empty() || text[0] == '0' || !std::all_of(text.begin(), text.end(), IsDigit) ||
      !absl::SimpleAtoi(text, &version) || version > kMaxVersion) {
    return std::nullopt;
  }
  return version;
}

absl::StatusOr<BundleReference> ParseBundleReference(absl::string_view text) {
  const size_t mark = text.find_first_of("@:");
  BundleReference reference = {.name = std::string(text.substr(0, mark))};
  RETURN_IF_ERROR(ValidateBundleName(reference.name));
  if (mark == absl::string_view::npos) return reference;
  const absl::string_view rest = text.substr(mark + 1);
  if (text[mark] == ':') {
    RETURN_IF_ERROR(ValidateBundleName(rest));
    reference.label = std::string(rest);
    return reference;
  }
  reference.version = VersionFromText(rest);
  if (reference.version.has_value()) return reference;
  return absl::InvalidArgumentError(
      absl::StrCat("bundle ", Quoted(text), ": version ", Quoted(rest),
                   "; expected a positive integer without leading zero"));
}

std::string ToText(const BundleReference& reference) {
  if (reference.version) return absl::StrCat(reference.name, "@", *reference.version);
  if (reference.label) return absl::StrCat(reference.name, ":", *reference.label);
  return reference.name;
}

}  // namespace tailcast
