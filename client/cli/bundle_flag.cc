#include "client/cli/bundle_flag.h"

#include "absl/strings/str_cat.h"
#include "client/cli/command.h"

namespace tailcast::cli {

absl::StatusOr<BundleReference> ParseBundleFlag(absl::string_view flag, absl::string_view text) {
  absl::StatusOr<BundleReference> reference = ParseBundleReference(text);
  if (reference.ok()) return reference;
  return WrongUsage(absl::StrCat(flag, ": ", reference.status().message(),
                                 "; a bundle is NAME, NAME@VERSION or NAME:LABEL"));
}

absl::Status CheckNameFlag(absl::string_view flag, absl::string_view name) {
  const absl::Status valid = ValidateBundleName(name);
  return valid.ok() ? valid : WrongUsage(absl::StrCat(flag, ": ", valid.message()));
}

}  // namespace tailcast::cli
