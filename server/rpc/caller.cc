#include "server/rpc/caller.h"

#include "absl/strings/match.h"

namespace tailcast::rpc {

std::string CallerOf(absl::string_view peer) {
  const bool has_port = absl::StartsWith(peer, "ipv4:") || absl::StartsWith(peer, "ipv6:");
  return std::string(has_port ? peer.substr(0, peer.find_last_of(':')) : peer);
}

}  // namespace tailcast::rpc
