// Any text, read as a list of servers, as a reference to a bundle and as the name of a version.
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/library/bundle_catalog.h"
#include "client/library/channel.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast::client {
namespace {

void CheckFault(const absl::Status& status) {
  FuzzCheck(status.code() == absl::StatusCode::kInvalidArgument, "faults are the input's");
}

void TestServerList(absl::string_view text) {
  const auto servers = ParseServerList(text);
  if (!servers.ok()) return CheckFault(servers.status());
  FuzzCheck(!servers->empty(), "a list has a server");
  for (const std::string& server : *servers) {
    const size_t colon = server.rfind(':');
    int port = 0;
    FuzzCheck(colon != std::string::npos && colon > 0, "a server has a host");
    FuzzCheck(absl::SimpleAtoi(server.substr(colon + 1), &port) && port >= 1 && port <= 65535,
              "a server has a port");
  }
  const auto again = ParseServerList(absl::StrJoin(*servers, ","));
  FuzzCheck(again.ok() && *again == *servers, "a list that was read can be written");
}

void TestReference(absl::string_view text) {
  const auto reference = ParseBundleReference(text);
  if (!reference.ok()) return CheckFault(reference.status());
  FuzzCheck(reference->name.find_first_of("@:/") == std::string::npos, "marks are in no name");
  FuzzCheck(!(reference->version.has_value() && reference->label.has_value()),
            "a version or a label");
  std::string written = reference->name;
  if (reference->version.has_value()) absl::StrAppend(&written, "@", *reference->version);
  if (reference->label.has_value()) absl::StrAppend(&written, ":", *reference->label);
  const auto again = ParseBundleReference(written);
  FuzzCheck(again.ok() && again->name == reference->name && again->version == reference->version &&
                again->label == reference->label,
            "a reference that was read can be written");
}

void TestVersionName(absl::string_view text) {
  const auto version = ParseVersionName(text);
  if (!version.ok()) return CheckFault(version.status());
  FuzzCheck(version->second >= 1, "versions begin with 1");
  const auto again =
      ParseVersionName(absl::StrCat("bundles/", version->first, "/versions/", version->second));
  FuzzCheck(again.ok() && *again == *version, "a name that was read can be written");
}

}  // namespace
}  // namespace tailcast::client

std::vector<std::string> tailcast::FuzzSeeds() {
  return {"127.0.0.1:50071", "a.example:1, [::1]:65535", "faces", "faces@12",
          "faces:stable",    "bundles/faces/versions/3"};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  tailcast::client::TestServerList(text);
  tailcast::client::TestReference(text);
  tailcast::client::TestVersionName(text);
  return 0;
}
