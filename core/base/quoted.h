#ifndef TAILCAST_CORE_BASE_QUOTED_H_
#define TAILCAST_CORE_BASE_QUOTED_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace tailcast {

inline constexpr size_t kMaxQuotedBytes = 80;

// Text of a file or a client for a message: 'text' with C escapes for whatever is not printable
// ASCII, of longer text the first `max_bytes` bytes and "..." behind the quotation mark.
std::string Quoted(absl::string_view text, size_t max_bytes = kMaxQuotedBytes);

}  // namespace tailcast

#endif  // TAILCAST_CORE_BASE_QUOTED_H_
