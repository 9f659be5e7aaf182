// Any text, read as the name of a resource, as a parent and as the token of a page.
#include "proto/convert/resource_names.h"
#include "server/convert/page.h"
#include "server/rpc/limits.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/request_check.h"

namespace tailcast {
namespace {

constexpr absl::string_view kParent = "bundles/-";

void TestResource(absl::string_view text) {
  const auto reference = ParseBundleResource(text);
  if (!reference.ok()) return;
  FuzzCheck(ResourceOf(*reference) == text, "a resource has one spelling");
}

void TestParent(absl::string_view text) {
  for (const bool allow_all : {false, true}) {
    const auto name = ParseBundleParent(text, allow_all);
    if (!name.ok()) continue;
    FuzzCheck(ParentResource(*name) == text, "a parent has one spelling");
    FuzzCheck(allow_all || *name != "-", "all bundles only where they are allowed");
  }
}

void TestPage(absl::string_view token) {
  // Sizes from below 0 to above the limit.
  const auto page_size = static_cast<int32_t>(token.size() * 25) - 25;
  convert::RequestFields fields;
  const convert::Page page = convert::ToPage(page_size, token, kParent, fields);
  if (!fields.ok()) return CheckRefusal(fields);
  FuzzCheck(page.size >= 1 && page.size <= rpc::kMaxPageSize, "pages are within the limit");
  FuzzCheck(page_size == 0 || page.size <= page_size, "a page is not larger than asked");
  if (page.after.empty()) return;
  const convert::Page again =
      convert::ToPage(1, convert::NextPageToken(kParent, page.after), kParent, fields);
  FuzzCheck(fields.ok() && again.after == page.after, "a token that was read can be written");
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  return {VersionResource("faces", 3),
          LabelResource("faces", "stable"),
          ParentResource("faces"),
          std::string(kParent),
          "bundles/faces/versions/03",
          convert::NextPageToken(kParent, "faces/3"),
          convert::NextPageToken(kParent, ""),
          convert::NextPageToken("bundles/faces", "3")};
}

}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  tailcast::TestResource(text);
  tailcast::TestParent(text);
  tailcast::TestPage(text);
  return 0;
}
