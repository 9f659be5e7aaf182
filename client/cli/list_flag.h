#ifndef TAILCAST_CLIENT_CLI_LIST_FLAG_H_
#define TAILCAST_CLIENT_CLI_LIST_FLAG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tailcast::cli {

// "9,8,7" -> 9, 8, 7. Wrong usage, naming `flag` and the item, for what is no integer of 0 or more.
absl::StatusOr<std::vector<int64_t>> ParseIntegerList(absl::string_view flag,
                                                      absl::string_view text);

// "cat,dog" -> "cat", "dog". Wrong usage for an empty or repeated name.
absl::StatusOr<std::vector<std::string>> ParseNameList(absl::string_view flag,
                                                       absl::string_view text);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_LIST_FLAG_H_
