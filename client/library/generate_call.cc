#include "client/library/generate_call.h"

#include <grpcpp/support/slice.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/library/error.h"

namespace tailcast::client {
namespace {

constexpr char kMethod[] = "/tailcast.v1.FeatureService/Generate";

grpc::ByteBuffer Serialized(const v1::GenerateRequest& request) {
  const grpc::Slice slice(request.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace

GenerateCall::GenerateCall(std::string server, std::shared_ptr<grpc::Channel> channel,
                           const v1::GenerateRequest& request, std::stop_token stop)
    : server_(std::move(server)),
      channel_(std::move(channel)),
      stop_(std::move(stop)),
      stub_(channel_),
      on_stop_(stop_, [this] { context_.TryCancel(); }),
      stream_(stub_.PrepareCall(&context_, kMethod, &queue_)),
      request_(Serialized(request)) {}

GenerateCall::~GenerateCall() {
  if (!finished_ && started_) {
    context_.TryCancel();
    (void)Finish();
  }
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

GenerateCall::Outcome GenerateCall::Wait(absl::Time deadline) {
  void* tag = nullptr;
  bool ok = false;
  switch (queue_.AsyncNext(&tag, &ok, absl::ToChronoTime(deadline))) {
    case grpc::CompletionQueue::GOT_EVENT:
      return ok ? Outcome::kOk : Outcome::kFailed;
    case grpc::CompletionQueue::SHUTDOWN:
      return Outcome::kFailed;
    case grpc::CompletionQueue::TIMEOUT:
      break;
  }
  // The operation ends as soon as the call is cancelled.
  context_.TryCancel();
  queue_.Next(&tag, &ok);
  return Outcome::kTimedOut;
}

GenerateCall::Outcome GenerateCall::Start(absl::Time deadline) {
  started_ = true;
  stream_->StartCall(this);
  if (const Outcome outcome = Wait(deadline); outcome != Outcome::kOk) return outcome;
  stream_->WriteLast(request_, grpc::WriteOptions(), this);
  return Wait(deadline);
}

absl::Status GenerateCall::Finish() {
  finished_ = true;
  grpc::Status status;
  stream_->Finish(&status, this);
  void* tag = nullptr;
  bool ok = false;
  queue_.Next(&tag, &ok);
  if (stop_.stop_requested()) return absl::CancelledError("stopped on request");
  return FromGrpcStatus(status, server_);
}

absl::StatusOr<std::optional<ResponseView>> GenerateCall::Read(absl::Duration timeout) {
  if (finished_) return absl::FailedPreconditionError("the call has ended");
  const absl::Time deadline = absl::Now() + timeout;
  Outcome outcome = started_ ? Outcome::kOk : Start(deadline);
  if (outcome == Outcome::kOk) {
    message_.Clear();
    stream_->Read(&message_, this);
    outcome = Wait(deadline);
  }
  if (outcome == Outcome::kOk) {
    absl::StatusOr<ResponseView> response = parser_.Parse(message_);
    if (response.ok()) return std::optional<ResponseView>(*std::move(response));
    context_.TryCancel();
    (void)Finish();
    return absl::DataLossError(absl::StrCat("server ", server_, ": ", response.status().message()));
  }
  const absl::Status status = Finish();
  if (outcome == Outcome::kTimedOut && !stop_.stop_requested()) {
    return absl::UnavailableError(
        absl::StrCat("server ", server_, ": no answer within ", absl::FormatDuration(timeout)));
  }
  if (!status.ok()) return status;
  return std::optional<ResponseView>();
}

}  // namespace tailcast::client
