#include "core/data/dataset_formats.h"

#include <ATen/ATen.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"

namespace tailcast::data {
std::string FolderName(absl::string_view directory) {
  while (directory.size() > 1 && absl::ConsumeSuffix(&directory, "/")) {
  }
  const size_t slash = directory.rfind('/');
  return std::string(slash == absl::string_view::npos ? directory : directory.substr(slash + 1));
}

std::string JoinPath(const std::string& directory, const std::string& file) {
  return absl::StrCat(directory, "/", file);
}

absl::StatusOr<std::vector<std::string>> ReadNames(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxNamesBytes));
  std::vector<std::string> names;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    absl::ConsumeSuffix(&line, "\r");
    names.emplace_back(line);
  }
  while (!names.empty() && names.back().empty()) names.pop_back();
  for (size_t line = 0; line < names.size(); ++line) {
    if (names[line].empty()) {
      return absl::InvalidArgumentError(absl::StrCat("'", path, "' has no name in line ", line + 1,
                                                     "; expected one class name a line"));
    }
  }
  return names;
}

std::vector<std::string> NumberNames(int64_t count) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < count; ++i) names.push_back(absl::StrCat(i));
  return names;
}

at::Tensor BytesTensor(const void* bytes, const std::vector<int64_t>& shape) {
  return at::from_blob(const_cast<void*>(bytes), shape, at::TensorOptions(at::kByte)).clone();
}

}  // namespace tailcast::data
