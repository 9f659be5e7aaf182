#include "server/rpc/caller.h"

#include <gtest/gtest.h>

namespace tailcast::rpc {
namespace {

TEST(CallerTest, PortsOfOneHostAreOneCaller) {
  EXPECT_EQ(CallerOf("ipv4:10.0.0.7:40312"), "ipv4:10.0.0.7");
  EXPECT_EQ(CallerOf("ipv4:10.0.0.7:1"), CallerOf("ipv4:10.0.0.7:65535"));
  EXPECT_EQ(CallerOf("ipv6:[2001:db8::1]:40312"), "ipv6:[2001:db8::1]");
  EXPECT_EQ(CallerOf("ipv6:%5B::1%5D:40312"), "ipv6:%5B::1%5D");
}

TEST(CallerTest, HostsAreDifferentCallers) {
  EXPECT_NE(CallerOf("ipv4:10.0.0.7:1"), CallerOf("ipv4:10.0.0.8:1"));
  EXPECT_NE(CallerOf("ipv6:[2001:db8::1]:1"), CallerOf("ipv6:[2001:db8::2]:1"));
}

TEST(CallerTest, OtherPeersAreKeptAsTheyAre) {
  EXPECT_EQ(CallerOf("unix:"), "unix:");
  EXPECT_EQ(CallerOf("unix:/run/a:1"), "unix:/run/a:1");
  EXPECT_EQ(CallerOf(""), "");
}

}  // namespace
}  // namespace tailcast::rpc
