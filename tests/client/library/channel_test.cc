#include "client/library/channel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tailcast::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ChannelTest, ReadsListsOfServers) {
  EXPECT_THAT(*ParseServerList("127.0.0.1:50071"), ElementsAre("127.0.0.1:50071"));
  EXPECT_THAT(*ParseServerList("a.example:1, [::1]:65535"),
              ElementsAre("a.example:1", "[::1]:65535"));
}

TEST(ChannelTest, QuotesWhatIsNoServer) {
  for (const char* text : {"", "host", "host:", ":5", "host:0", "host:65536", "host:-1", "a:1,,b:2",
                           "http://a:1", "a b:1", "host:1x"}) {
    const auto servers = ParseServerList(text);
    EXPECT_EQ(servers.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(servers.status().message()), HasSubstr("HOST:PORT")) << text;
  }
}

}  // namespace
}  // namespace tailcast::client
