#ifndef TAILCAST_CLIENT_CLI_OUTPUT_FILE_H_
#define TAILCAST_CLIENT_CLI_OUTPUT_FILE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace tailcast::cli {

// What a command reads.
struct InputPath {
  std::string flag;  // "--features"
  std::string path;  // empty: not given
};

// `path` is, or follows from, what --output says.
//
// Fails now instead of after the work if a file cannot be written at `path`: its folder is missing
// (NOT_FOUND) or does not admit writing (PERMISSION_DENIED), or `path` is a folder,
// device, pipe or socket (INVALID_ARGUMENT). A full disk still shows later.
//
// Wrong usage, naming both flags, if `path` is, by whatever name, one of the `inputs` or lies in a
// folder among them.
absl::Status CheckOutputPath(const std::string& path, const std::vector<InputPath>& inputs = {});

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_OUTPUT_FILE_H_
