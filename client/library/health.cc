#include "client/library/health.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "client/library/channel.h"
#include "client/library/error.h"
#include "client/library/slice_cursor.h"

namespace tailcast::client {
namespace {

// grpc.health.v1 has two messages of one field, and no generated code in Debian:
//   HealthCheckRequest { string service = 1; }
//   HealthCheckResponse { ServingStatus status = 1; }
constexpr char kMethod[] = "/grpc.health.v1.Health/Check";
constexpr char kServiceTag = 0x0A;
constexpr uint8_t kStatusTag = 0x08;
constexpr uint64_t kServing = 1;
constexpr absl::Duration kTimeout = absl::Seconds(5);
// A length of one byte on the wire.
constexpr size_t kMaxServiceBytes = 127;

grpc::ByteBuffer Request(const std::string& service) {
  std::string bytes;
  if (!service.empty()) {
    bytes.push_back(kServiceTag);
    bytes.push_back(static_cast<char>(service.size()));
    bytes.append(service);
  }
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

bool SaysServing(const grpc::ByteBuffer& response) {
  std::vector<grpc::Slice> slices;
  if (!response.Dump(&slices).ok()) return false;
  SliceCursor cursor(slices);
  uint8_t tag = 0;
  uint64_t status = 0;
  return cursor.ReadByte(tag) && tag == kStatusTag && cursor.ReadVarint(status) &&
         status == kServing;
}

}  // namespace

absl::Status CheckServing(const std::string& server, const std::string& service,
                          absl::Duration timeout) {
  if (service.size() > kMaxServiceBytes) {
    return absl::InvalidArgumentError(absl::StrCat("the service's name has ", service.size(),
                                                   " bytes; expected at most ", kMaxServiceBytes));
  }
  grpc::GenericStub stub(OpenChannel(server));
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  SetTimeout(context, timeout);
  const auto call = stub.PrepareUnaryCall(&context, kMethod, Request(service), &queue);
  call->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (!status.ok()) return FromGrpcStatus(status, server);
  if (SaysServing(response)) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      "server ", server, ": ", service.empty() ? "it" : service, " does not serve yet"));
}

absl::Status WaitUntilServing(const FailoverOptions& options, const std::string& service) {
  return CallWithFailover(
      options, [&](const std::string& server) { return CheckServing(server, service, kTimeout); });
}

}  // namespace tailcast::client
