#ifndef TAILCAST_CORE_DATA_CLASS_NAMES_H_
#define TAILCAST_CORE_DATA_CLASS_NAMES_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace tailcast::data {

// Names that a message shows before it only says how many there are more.
inline constexpr size_t kMaxListedNames = 20;

// All names of a data set together, so that the description of a bundle fits one message.
inline constexpr size_t kMaxClassNameBytes = size_t{1} << 20;

// INVALID_ARGUMENT, naming `what`, if the names are longer than that.
absl::Status CheckClassNameBytes(const std::vector<std::string>& names, const std::string& what);

// "cat, dog", or "cat, dog, ..., eel and 31 more" of a long list.
std::string ListNames(const std::vector<std::string>& names);

// OK if both have the same classes in the same order, else INVALID_ARGUMENT naming both, their
// classes and the first one that differs. `actual_what`: "encoder 'e.safetensors'".
absl::Status CheckSameClasses(const std::vector<std::string>& actual,
                              const std::string& actual_what,
                              const std::vector<std::string>& expected,
                              const std::string& expected_what);

}  // namespace tailcast::data

#endif  // TAILCAST_CORE_DATA_CLASS_NAMES_H_
