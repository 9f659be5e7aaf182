#ifndef TAILCAST_CLIENT_LIBRARY_CHANNEL_H_
#define TAILCAST_CLIENT_LIBRARY_CHANNEL_H_

#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tailcast::client {

struct ChannelOptions {
  // Largest message accepted, in bytes: gRPC's own default. A chunk has at most 1 MiB.
  int max_receive_bytes = 4 << 20;
  // A connection that is silent for so long is asked for a sign of life, and given up if none comes
  // within the timeout.
  absl::Duration keepalive_interval = absl::Seconds(30);
  absl::Duration keepalive_timeout = absl::Seconds(20);
};

// "host:port[,host:port...]" -> the addresses. INVALID_ARGUMENT quotes the part that is not one.
absl::StatusOr<std::vector<std::string>> ParseServerList(absl::string_view text);

// A channel with a connection of its own, so that one heavy stream does not slow another, without
// TLS. Connects at the first call; never fails here. Safe to share between threads.
std::shared_ptr<grpc::Channel> OpenChannel(const std::string& server,
                                           const ChannelOptions& options = {});

}  // namespace tailcast::client

#endif  // TAILCAST_CLIENT_LIBRARY_CHANNEL_H_
