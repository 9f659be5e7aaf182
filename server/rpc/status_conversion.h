#ifndef TAILCAST_SERVER_RPC_STATUS_CONVERSION_H_
#define TAILCAST_SERVER_RPC_STATUS_CONVERSION_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "grpcpp/support/status.h"

namespace tailcast::rpc {

// Converts `status` for the wire. Its payloads of google.rpc types travel as the details of a
// google.rpc.Status, so a client sees the same BadRequest, ResourceInfo, ... that the server
// attached. Messages above kMaxErrorMessageBytes are cut, at the end of a character.
grpc::Status ToGrpcStatus(const absl::Status& status);

// At most `max_bytes` of `text`, never half a UTF-8 character.
absl::string_view CutText(absl::string_view text, size_t max_bytes);

}  // namespace tailcast::rpc

#endif  // TAILCAST_SERVER_RPC_STATUS_CONVERSION_H_
