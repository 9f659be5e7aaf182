#ifndef TAILCAST_CLIENT_LIBRARY_GENERATE_CALL_H_
#define TAILCAST_CLIENT_LIBRARY_GENERATE_CALL_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/library/response_parser.h"
#include "proto/tailcast/v1/feature_service.pb.h"

namespace tailcast::client {

// One call of FeatureService.Generate, from the request to the status, without judging what
// arrives. A message is taken from the connection only when Read() asks for one: who does not read
// stops the server. Not thread-safe; a stop may be requested from any thread.
class GenerateCall {
 public:
  GenerateCall(std::string server, std::shared_ptr<grpc::Channel> channel,
               const v1::GenerateRequest& request, std::stop_token stop);
  // Cancels the call if it has not ended.
  ~GenerateCall();
  GenerateCall(const GenerateCall&) = delete;
  GenerateCall& operator=(const GenerateCall&) = delete;

  // The next message; its views are valid until the next call. Nothing: the server ended with OK.
  // UNAVAILABLE if nothing arrives within `timeout`; CANCELLED after a stop; DATA_LOSS for a
  // message that cannot be parsed; else the server's status. After an error the call is over.
  absl::StatusOr<std::optional<ResponseView>> Read(absl::Duration timeout);

 private:
  enum class Outcome { kOk, kFailed, kTimedOut };

  // Sends the request. kFailed: Finish() says why.
  Outcome Start(absl::Time deadline);
  // Waits for the operation that was started last.
  Outcome Wait(absl::Time deadline);
  absl::Status Finish();

  const std::string server_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::stop_token stop_;
  grpc::GenericStub stub_;
  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  std::stop_callback<std::function<void()>> on_stop_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  grpc::ByteBuffer request_, message_;
  ResponseParser parser_;
  bool started_ = false;
  bool finished_ = false;
};

}  // namespace tailcast::client

#endif  // TAILCAST_CLIENT_LIBRARY_GENERATE_CALL_H_
