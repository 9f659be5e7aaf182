#include "client/cli/output_file.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "core/base/files.h"

namespace tailcast::cli {

absl::Status CheckOutputPath(const std::string& path) {
  std::error_code ignored;  // a path that cannot be looked at fails below
  if (std::filesystem::is_directory(path, ignored)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot write '", path, "': it is a folder; expected the name of a file"));
  }
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const std::string folder = parent.empty() ? std::string(".") : parent.string();
  if (access(folder.c_str(), F_OK | W_OK | X_OK) != 0) {
    return ErrnoStatus(errno, absl::StrCat("cannot write '", path, "': folder '", folder, "'"));
  }
  if (!std::filesystem::is_directory(folder, ignored)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot write '", path, "': '", folder, "' is not a folder"));
  }
  return absl::OkStatus();
}

}  // namespace tailcast::cli
