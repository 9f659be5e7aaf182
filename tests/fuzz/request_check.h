#ifndef TAILCAST_TESTS_FUZZ_REQUEST_CHECK_H_
#define TAILCAST_TESTS_FUZZ_REQUEST_CHECK_H_

#include "server/convert/request_fields.h"
#include "server/rpc/status_conversion.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast {

// What must hold of the answer to a refused request. REQUIRES: !fields.ok().
inline void CheckRefusal(const convert::RequestFields& fields) {
  // gRPC clients refuse larger trailers; messages travel percent-encoded, details in base64.
  constexpr size_t kMaxTrailerBytes = 8 << 10;
  const grpc::Status status = rpc::ToGrpcStatus(fields.Error());
  FuzzCheck(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT,
            "wrong fields are INVALID_ARGUMENT");
  FuzzCheck(
      3 * status.error_message().size() + status.error_details().size() * 4 / 3 < kMaxTrailerBytes,
      "errors fit into trailers");
}

}  // namespace tailcast

#endif  // TAILCAST_TESTS_FUZZ_REQUEST_CHECK_H_
