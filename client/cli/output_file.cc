#include "client/cli/output_file.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "client/cli/command.h"
#include "core/base/files.h"

namespace tailcast::cli {

namespace {

// True if they are one file, or `input` is a folder that holds `output`, which need not exist.
bool WouldReplace(const std::filesystem::path& output, const std::filesystem::path& input) {
  std::error_code ignored;  // what cannot be looked at is found by the one who opens it
  if (std::filesystem::equivalent(output, input, ignored)) return true;
  if (!std::filesystem::is_directory(input, ignored)) return false;
  std::filesystem::path folder = std::filesystem::weakly_canonical(output, ignored);
  while (folder.has_relative_path()) {
    folder = folder.parent_path();
    if (std::filesystem::equivalent(folder, input, ignored)) return true;
  }
  return false;
}

}  // namespace

absl::Status CheckOutputPath(const std::string& path, const std::vector<InputPath>& inputs) {
  for (const InputPath& input : inputs) {
    if (input.path.empty() || !WouldReplace(path, input.path)) continue;
    return WrongUsage(absl::StrCat("--output would write '", path, "', but ", input.flag,
                                   " reads '", input.path, "'; expected another place"));
  }
  std::error_code ignored;  // a path that cannot be looked at fails below
  if (std::filesystem::is_directory(path, ignored)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot write '", path, "': it is a folder; expected the name of a file"));
  }
  if (std::filesystem::is_other(std::filesystem::status(path, ignored))) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot write '", path, "': it is a device, pipe or socket; expected the name of a file"));
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
