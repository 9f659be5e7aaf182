#ifndef TAILCAST_CLIENT_CLI_OUTPUT_FILE_H_
#define TAILCAST_CLIENT_CLI_OUTPUT_FILE_H_

#include <string>

#include "absl/status/status.h"

namespace tailcast::cli {

// Fails now instead of after the work if a file cannot be written at `path`: its folder is missing
// (NOT_FOUND) or does not admit writing (PERMISSION_DENIED), or `path` is a folder
// (INVALID_ARGUMENT). A full disk still shows later.
absl::Status CheckOutputPath(const std::string& path);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_OUTPUT_FILE_H_
