#ifndef TAILCAST_SERVER_RPC_CALLER_H_
#define TAILCAST_SERVER_RPC_CALLER_H_

#include <string>

#include "absl/strings/string_view.h"

namespace tailcast::rpc {

// Whom a call counts for where work and streams are shared out: the host of its peer
// ("ipv4:10.0.0.7:40312" -> "ipv4:10.0.0.7"), since one process may open any number of connections.
// Peers behind one proxy are one caller; those of a Unix socket too.
std::string CallerOf(absl::string_view peer);

}  // namespace tailcast::rpc

#endif  // TAILCAST_SERVER_RPC_CALLER_H_
