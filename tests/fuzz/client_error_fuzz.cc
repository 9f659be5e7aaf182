// Any trailers of a call: what the client library tells of them.
#include <google/protobuf/stubs/logging.h>

#include <algorithm>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/library/error.h"
#include "proto/google/rpc/status.pb.h"
#include "tests/client/library/fake_server.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast::client {
namespace {

// The input: a code, a line of text, details.
std::string ToInput(const grpc::Status& status) {
  return absl::StrCat(std::string(1, static_cast<char>(status.error_code())),
                      status.error_message(), "\n", status.error_details());
}

grpc::Status FromInput(const std::string& input) {
  if (input.empty()) return grpc::Status::OK;
  const size_t line_end = std::min(input.find('\n'), input.size());
  // gRPC's own codes only: another value is none of the enumeration.
  constexpr int kCodes = grpc::StatusCode::UNAUTHENTICATED + 1;
  const int code = static_cast<uint8_t>(input[0]) % kCodes;
  return grpc::Status(static_cast<grpc::StatusCode>(code), input.substr(1, line_end - 1),
                      input.substr(std::min(line_end + 1, input.size())));
}

// Every payload is a detail of the trailers.
void CheckPayloads(const grpc::Status& wire, const absl::Status& status) {
  google::rpc::Status details;
  const bool valid = details.ParseFromString(wire.error_details());
  status.ForEachPayload([&](absl::string_view type_url, const absl::Cord& payload) {
    bool found = false;
    for (const auto& detail : details.details()) {
      found = found || (detail.type_url() == type_url && payload == detail.value());
    }
    FuzzCheck(valid && found, "payloads are details");
  });
}

void TestOne(const std::string& input) {
  const grpc::Status wire = FromInput(input);
  const absl::Status status = FromGrpcStatus(wire, "host:7");
  FuzzCheck(status.ok() == wire.ok(), "errors stay errors");
  if (status.ok()) return;
  FuzzCheck(static_cast<int>(status.code()) == static_cast<int>(wire.error_code()),
            "codes are kept");
  FuzzCheck(
      absl::StartsWith(status.message(), absl::StrCat("server host:7: ", wire.error_message())),
      "the text begins with server and message");
  CheckPayloads(wire, status);
  const ErrorDetails details = DetailsOf(status);
  FuzzCheck(v1::ErrorReason_IsValid(details.reason), "reasons are known ones");
  const bool told_to_wait = absl::IsResourceExhausted(status) && details.retry_delay.has_value();
  FuzzCheck(!absl::IsUnavailable(status) || IsTransient(status), "UNAVAILABLE may pass");
  FuzzCheck(!absl::IsResourceExhausted(status) || IsTransient(status) == told_to_wait,
            "limits pass if the server says when");
  FuzzCheck(!absl::IsInvalidArgument(status) || !IsTransient(status), "wrong requests stay wrong");
}

}  // namespace
}  // namespace tailcast::client

std::vector<std::string> tailcast::FuzzSeeds() {
  using client::MakeError;
  using client::ToInput;
  return {ToInput(MakeError({.code = grpc::StatusCode::INVALID_ARGUMENT,
                             .message = "2 fields are wrong",
                             .reason = v1::ERROR_REASON_INVALID_FIELD,
                             .field_violations = {{"stream.seed", "is -1; expected >= 0"},
                                                  {"stream.plan", "is empty"}}})),
          ToInput(MakeError({.code = grpc::StatusCode::FAILED_PRECONDITION,
                             .message = "another address",
                             .reason = v1::ERROR_REASON_ADDRESS_MISMATCH,
                             .metadata = {{"expected", "tc1-11"}, {"actual", "tc1-22"}}})),
          ToInput(MakeError({.code = grpc::StatusCode::RESOURCE_EXHAUSTED,
                             .reason = v1::ERROR_REASON_LIMIT_EXCEEDED,
                             .retry_delay = absl::Milliseconds(2500)})),
          ToInput(grpc::Status(grpc::StatusCode::UNAVAILABLE, "Socket closed")),
          ToInput(grpc::Status::OK)};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const google::protobuf::LogSilencer silencer;  // malformed text is expected here
  tailcast::client::TestOne(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
