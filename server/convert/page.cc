#include "server/convert/page.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/rpc/limits.h"

namespace tailcast::convert {
namespace {

// Begins every token, so that its meaning can change.
constexpr absl::string_view kFormat = "1";

}  // namespace

Page ToPage(int32_t page_size, absl::string_view page_token, absl::string_view parent,
            RequestFields& fields) {
  Page page;
  fields.InRange("page_size", page_size, 0, std::numeric_limits<int32_t>::max());
  page.size = page_size == 0 ? rpc::kDefaultPageSize : std::min(page_size, rpc::kMaxPageSize);
  if (page_token.empty()) return page;
  std::string text;
  const bool decoded = absl::WebSafeBase64Unescape(page_token, &text);
  const std::vector<std::string> parts = absl::StrSplit(text, '\n');
  if (!decoded || parts.size() != 3 || parts[0] != kFormat || parts[1] != parent) {
    fields.Wrong("page_token", "is not from an earlier page of the same request");
    return page;
  }
  page.after = parts[2];
  return page;
}

std::string NextPageToken(absl::string_view parent, absl::string_view last) {
  return absl::WebSafeBase64Escape(absl::StrCat(kFormat, "\n", parent, "\n", last));
}

}  // namespace tailcast::convert
