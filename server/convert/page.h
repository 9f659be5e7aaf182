#ifndef TAILCAST_SERVER_CONVERT_PAGE_H_
#define TAILCAST_SERVER_CONVERT_PAGE_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "server/convert/request_fields.h"

namespace tailcast::convert {

// A page of a List method: at most `size` items behind the one that `after` names; empty on the
// first page.
struct Page {
  int32_t size = 0;
  std::string after;
};

// A negative size, and a token that is not from a page of the same `parent`, are added to `fields`.
Page ToPage(int32_t page_size, absl::string_view page_token, absl::string_view parent,
            RequestFields& fields);

// Token of the page behind `last`.
std::string NextPageToken(absl::string_view parent, absl::string_view last);

}  // namespace tailcast::convert

#endif  // TAILCAST_SERVER_CONVERT_PAGE_H_
