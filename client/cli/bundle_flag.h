#ifndef TAILCAST_CLIENT_CLI_BUNDLE_FLAG_H_
#define TAILCAST_CLIENT_CLI_BUNDLE_FLAG_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/contract/bundle_reference.h"

namespace tailcast::cli {

// NAME, NAME@VERSION or NAME:LABEL as the user wrote it. Wrong usage, naming `flag` and what was
// expected, for anything else, wherever the bundle is to be looked up.
absl::StatusOr<BundleReference> ParseBundleFlag(absl::string_view flag, absl::string_view text);

// The same for the name of a bundle or a label alone.
absl::Status CheckNameFlag(absl::string_view flag, absl::string_view name);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_BUNDLE_FLAG_H_
