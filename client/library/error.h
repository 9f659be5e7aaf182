#ifndef TAILCAST_CLIENT_LIBRARY_ERROR_H_
#define TAILCAST_CLIENT_LIBRARY_ERROR_H_

#include <grpcpp/support/status.h>

#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/tailcast/v1/error_reason.pb.h"

namespace tailcast::client {

// What a program may switch on; the text of a status is for people.
struct ErrorDetails {
  // Unspecified: not from a Tailcast service but from gRPC, a proxy or this library.
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  // "expected", "actual", "limit", ...: see the reason.
  std::map<std::string, std::string> metadata;
  // How long the server asks us to wait.
  std::optional<absl::Duration> retry_delay;
};

// The status of a call to `server` ("host:port"): the same code, a text that starts with the server
// and holds what the google.rpc details say (fields, expected and actual values), and the details
// themselves as payloads.
absl::Status FromGrpcStatus(const grpc::Status& status, const std::string& server);

// Of a status that FromGrpcStatus() made; empty for others.
ErrorDetails DetailsOf(const absl::Status& status);

// True if the same request may succeed later or at another replica: UNAVAILABLE, RESOURCE_EXHAUSTED
// with a delay, a stream that was ended because nobody read it, and what gRPC or a proxy answers
// when a connection breaks.
bool IsTransient(const absl::Status& status);

// True if this replica would send other bytes than those that were pinned; another may still do.
bool IsReplicaMismatch(const absl::Status& status);

// True if the request is sound and this replica cannot serve it, but another may: a mismatch, a
// bundle that it has not or has damaged, wrong data, an internal error. Only for what is not
// transient.
bool IsFaultOfReplica(const absl::Status& status);

}  // namespace tailcast::client

#endif  // TAILCAST_CLIENT_LIBRARY_ERROR_H_
