#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/quoted.h"
#include "core/base/status_macros.h"
#include "core/bundle/repository.h"
#include "core/bundle/version_folders.h"

namespace tailcast::bundle {
namespace {

constexpr size_t kMaxNameLength = 63;

bool IsLowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool IsNameCharacter(char c) { return IsLowerOrDigit(c) || c == '.' || c == '_' || c == '-'; }

}  // namespace

absl::Status ValidateName(absl::string_view name) {
  if (!name.empty() && name.size() <= kMaxNameLength && IsLowerOrDigit(name[0]) &&
      std::all_of(name.begin(), name.end(), IsNameCharacter)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("name ", Quoted(name), "; expected [a-z0-9][a-z0-9._-]{0,62}"));
}

absl::StatusOr<BundleReference> ParseReference(absl::string_view text) {
  const size_t mark = text.find_first_of("@:");
  BundleReference reference = {.name = std::string(text.substr(0, mark))};
  RETURN_IF_ERROR(ValidateName(reference.name));
  if (mark == absl::string_view::npos) return reference;
  const absl::string_view rest = text.substr(mark + 1);
  if (text[mark] == ':') {
    RETURN_IF_ERROR(ValidateName(rest));
    reference.label = std::string(rest);
    return reference;
  }
  reference.version = VersionFromText(rest);
  if (reference.version.has_value()) return reference;
  return absl::InvalidArgumentError(
      absl::StrCat("bundle ", Quoted(text), ": version ", Quoted(rest),
                   "; expected a positive integer without leading zero"));
}

}  // namespace tailcast::bundle
