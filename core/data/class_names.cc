#include "core/data/class_names.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tailcast::data {

absl::Status CheckClassNameBytes(const std::vector<std::string>& names, const std::string& what) {
  size_t bytes = 0;
  for (const std::string& name : names) bytes += name.size();
  if (bytes <= kMaxClassNameBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, ": the ", names.size(), " class_names have ",
                                                 bytes, " bytes together; expected at most ",
                                                 kMaxClassNameBytes));
}

std::string ListNames(const std::vector<std::string>& names) {
  const size_t shown = std::min(names.size(), kMaxListedNames);
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(shown);
  std::string text = absl::StrJoin(names.begin(), end, ", ");
  if (shown < names.size()) absl::StrAppend(&text, " and ", names.size() - shown, " more");
  return text;
}

absl::Status CheckSameClasses(const std::vector<std::string>& actual,
                              const std::string& actual_what,
                              const std::vector<std::string>& expected,
                              const std::string& expected_what) {
  if (actual == expected) return absl::OkStatus();
  const auto [differs, unused] =
      std::mismatch(actual.begin(), actual.end(), expected.begin(), expected.end());
  return absl::InvalidArgumentError(absl::StrCat(
      actual_what, " has the classes ", ListNames(actual), "; expected those of ", expected_what,
      ": ", ListNames(expected), " (the first to differ is class ", differs - actual.begin(), ")"));
}

}  // namespace tailcast::data
