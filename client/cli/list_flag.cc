#include "client/cli/list_flag.h"

#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/command.h"

namespace tailcast::cli {

absl::StatusOr<std::vector<int64_t>> ParseIntegerList(absl::string_view flag,
                                                      absl::string_view text) {
  std::vector<int64_t> numbers;
  for (const absl::string_view item : absl::StrSplit(text, ',')) {
    int64_t number = 0;
    if (!absl::SimpleAtoi(item, &number) || number < 0) {
      return WrongUsage(absl::StrCat(flag, ": '", item, "' in '", text,
                                     "' is not accepted; expected integers of 0 or more, separated "
                                     "by commas"));
    }
    numbers.push_back(number);
  }
  return numbers;
}

absl::StatusOr<std::vector<std::string>> ParseNameList(absl::string_view flag,
                                                       absl::string_view text) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const absl::string_view item : absl::StrSplit(text, ',')) {
    if (item.empty() || !seen.insert(std::string(item)).second) {
      return WrongUsage(absl::StrCat(flag, ": '", item, "' in '", text,
                                     "' is not accepted; expected different names, separated by "
                                     "commas"));
    }
    names.emplace_back(item);
  }
  return names;
}

}  // namespace tailcast::cli
