#include <ATen/Version.h>
#include <torch/headeronly/version.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/stream/numerics.h"

namespace tailcast::stream {
namespace {

bool IsVersionCharacter(char c) { return absl::ascii_isdigit(c) || c == '.'; }

// "2024.2" of "Intel(R) ... Version 2024.2-Product Build ...": the first number with a point in it.
std::string VersionIn(const std::string& text) {
  for (auto begin = text.begin(); begin != text.end();) {
    begin = std::find_if(begin, text.end(), IsVersionCharacter);
    const auto end = std::find_if_not(begin, text.end(), IsVersionCharacter);
    if (std::find(begin, end, '.') != end && end - begin > 2) return std::string(begin, end);
    begin = end;
  }
  return text;
}

// A limit that the environment sets on the kernels that a library chooses.
void AddCap(const char* variable, const char* key, NumericsFacts& facts) {
  const char* value = std::getenv(variable);
  if (value != nullptr && *value != '\0') facts[key] = absl::AsciiStrToLower(value);
}

}  // namespace

NumericsFacts PlatformFacts() {
  NumericsFacts facts = {{"engine_revision", absl::StrCat(kEngineRevision)},
                         {"device", "cpu"},
                         // ATen's own, which obeys ATEN_CPU_CAPABILITY.
                         {"isa", absl::AsciiStrToLower(at::get_cpu_capability())},
                         {"torch", TORCH_VERSION},
                         {"onednn", VersionIn(at::get_mkldnn_version())},
                         {"mkl", VersionIn(at::get_mkl_version())},
                         {"compute_type", "f32"}};
  AddCap("ONEDNN_MAX_CPU_ISA", "onednn_max_isa", facts);
  AddCap("MKL_CBWR", "mkl_cbwr", facts);
  return facts;
}

}  // namespace tailcast::stream
