#include "client/library/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tailcast::client {
namespace {

// HTTP/2 frames that the server may send us; the default of 16 KiB costs a header per 16 KiB.
constexpr int kMaxFrameBytes = 1 << 20;
// Memory of one read from the socket. gRPC would go up to 4 MiB, which malloc maps and unmaps anew
// each time: a third more CPU time per byte (measured).
constexpr int kReadBytes = 128 << 10;
// A new attempt to connect is the caller's decision (Failover), not gRPC's.
constexpr int kReconnectMilliseconds = 200;
constexpr int kMaxPort = 65535;
constexpr size_t kMaxShownBytes = 200;

bool IsServerAddress(absl::string_view address) {
  if (address.empty() || address.find_first_of(" \t\r\n/") != absl::string_view::npos) return false;
  const size_t colon = address.rfind(':');
  if (colon == absl::string_view::npos || colon == 0) return false;
  // Digits alone: a sign or a space is no port.
  const absl::string_view port = address.substr(colon + 1);
  int number = 0;
  return port.find_first_not_of("0123456789") == absl::string_view::npos &&
         absl::SimpleAtoi(port, &number) && number >= 1 && number <= kMaxPort;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseServerList(absl::string_view text) {
  std::vector<std::string> servers;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    part = absl::StripAsciiWhitespace(part);
    if (!IsServerAddress(part)) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", absl::CHexEscape(part.substr(0, kMaxShownBytes)),
                       "' is not the address of a server; expected HOST:PORT[,HOST:PORT...]"));
    }
    servers.emplace_back(part);
  }
  return servers;
}

std::shared_ptr<grpc::Channel> OpenChannel(const std::string& server,
                                           const ChannelOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(options.max_receive_bytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS,
                   static_cast<int>(absl::ToInt64Milliseconds(options.keepalive_interval)));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                   static_cast<int>(absl::ToInt64Milliseconds(options.keepalive_timeout)));
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kMaxFrameBytes);
  arguments.SetInt(GRPC_ARG_TCP_READ_CHUNK_SIZE, kReadBytes);
  arguments.SetInt(GRPC_ARG_TCP_MAX_READ_CHUNK_SIZE, kReadBytes);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMilliseconds);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMilliseconds);
  // Loopback and clusters need no proxy; an http_proxy meant for the web would break them.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace tailcast::client
