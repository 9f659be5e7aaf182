#include "client/cli/version.h"

#include <torch/version.h>

#include "absl/strings/str_cat.h"
#include "core/base/build_info.h"

namespace tailcast::cli {

std::string VersionText() {
  return absl::StrCat("tailcast ", kBuildInfo.version, " (commit ", kBuildInfo.commit,
                      ", LibTorch ", TORCH_VERSION, ")");
}

}  // namespace tailcast::cli
