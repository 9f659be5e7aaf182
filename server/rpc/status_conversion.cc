#include "server/rpc/status_conversion.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "proto/google/rpc/status.pb.h"
#include "server/rpc/limits.h"

namespace tailcast::rpc {
namespace {

constexpr bool SameCode(grpc::StatusCode wire, absl::StatusCode code) {
  return static_cast<int>(wire) == static_cast<int>(code);
}

// ToGrpcStatus() casts between the two enums.
static_assert(SameCode(grpc::StatusCode::OK, absl::StatusCode::kOk));
static_assert(SameCode(grpc::StatusCode::CANCELLED, absl::StatusCode::kCancelled));
static_assert(SameCode(grpc::StatusCode::UNKNOWN, absl::StatusCode::kUnknown));
static_assert(SameCode(grpc::StatusCode::INVALID_ARGUMENT, absl::StatusCode::kInvalidArgument));
static_assert(SameCode(grpc::StatusCode::DEADLINE_EXCEEDED, absl::StatusCode::kDeadlineExceeded));
static_assert(SameCode(grpc::StatusCode::NOT_FOUND, absl::StatusCode::kNotFound));
static_assert(SameCode(grpc::StatusCode::ALREADY_EXISTS, absl::StatusCode::kAlreadyExists));
static_assert(SameCode(grpc::StatusCode::PERMISSION_DENIED, absl::StatusCode::kPermissionDenied));
static_assert(SameCode(grpc::StatusCode::RESOURCE_EXHAUSTED, absl::StatusCode::kResourceExhausted));
static_assert(SameCode(grpc::StatusCode::FAILED_PRECONDITION,
                       absl::StatusCode::kFailedPrecondition));
static_assert(SameCode(grpc::StatusCode::ABORTED, absl::StatusCode::kAborted));
static_assert(SameCode(grpc::StatusCode::OUT_OF_RANGE, absl::StatusCode::kOutOfRange));
static_assert(SameCode(grpc::StatusCode::UNIMPLEMENTED, absl::StatusCode::kUnimplemented));
static_assert(SameCode(grpc::StatusCode::INTERNAL, absl::StatusCode::kInternal));
static_assert(SameCode(grpc::StatusCode::UNAVAILABLE, absl::StatusCode::kUnavailable));
static_assert(SameCode(grpc::StatusCode::DATA_LOSS, absl::StatusCode::kDataLoss));
static_assert(SameCode(grpc::StatusCode::UNAUTHENTICATED, absl::StatusCode::kUnauthenticated));

// Core keeps payloads of its own, which are not for the wire.
constexpr char kGoogleRpcTypes[] = "type.googleapis.com/google.rpc.";

bool IsContinuationByte(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

absl::string_view CutText(absl::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t end = max_bytes;
  while (end > 0 && IsContinuationByte(text[end])) --end;
  return text.substr(0, end);
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;

  google::rpc::Status wire;
  wire.set_code(static_cast<int>(status.code()));
  wire.set_message(std::string(CutText(status.message(), kMaxErrorMessageBytes)));
  status.ForEachPayload([&wire](absl::string_view type_url, const absl::Cord& payload) {
    if (!absl::StartsWith(type_url, kGoogleRpcTypes)) return;
    google::protobuf::Any& detail = *wire.add_details();
    detail.set_type_url(std::string(type_url));
    detail.set_value(std::string(payload));
  });
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), wire.message(),
                      wire.SerializeAsString());
}

}  // namespace tailcast::rpc
