// Any text, read as a list of servers.
#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
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

}  // namespace
}  // namespace tailcast::client

std::vector<std::string> tailcast::FuzzSeeds() {
  return {"127.0.0.1:50071", "a.example:1, [::1]:65535"};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  tailcast::client::TestServerList(text);
  return 0;
}
