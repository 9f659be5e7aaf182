#ifndef TAILCAST_SERVER_RPC_UNARY_CALL_H_
#define TAILCAST_SERVER_RPC_UNARY_CALL_H_

#include <memory>
#include <stop_token>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc/errors.h"
#include "server/rpc/status_conversion.h"

namespace tailcast::rpc {

// One unary call whose answer is made elsewhere: finishes exactly once, at once when the client
// cancels, and keeps itself alive until OnDone(). Reply() may be called from any thread, also after
// the end.
template <typename Response>
class UnaryCall : public grpc::ServerUnaryReactor,
                  public std::enable_shared_from_this<UnaryCall<Response>> {
 public:
  // `response`: gRPC's, valid until the call is finished.
  UnaryCall(absl::Time deadline, Response* response) : deadline_(deadline), response_(response) {}

  // Call once, after construction by std::make_shared.
  void Hold() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    self_ = this->shared_from_this();
  }

  void Reply(absl::StatusOr<Response> response) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    if (finished_) return;
    if (response.ok()) *response_ = *std::move(response);
    FinishOnce(response.status());
  }

  // Requested once the call is over.
  std::stop_token stop_token() const { return stop_.get_token(); }
  absl::Time deadline() const { return deadline_; }

 protected:
  // The call is over: time for the access log.
  virtual void OnOver(const absl::Status& status) = 0;

 private:
  void OnCancel() final ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    FinishOnce(absl::Now() >= deadline_ ? absl::DeadlineExceededError("the deadline has passed")
                                        : absl::CancelledError("the client cancelled"));
  }

  void OnDone() final {
    std::shared_ptr<UnaryCall> self;
    absl::Status status;
    {
      absl::MutexLock lock(&mu_);
      self = std::move(self_);
      status = status_;
    }
    OnOver(status);
  }  // `self` may delete this object here.

  void FinishOnce(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (std::exchange(finished_, true)) return;
    stop_.request_stop();
    status_ = ForCaller(status);
    this->Finish(ToGrpcStatus(status_));
  }

  const absl::Time deadline_;
  std::stop_source stop_;
  absl::Mutex mu_;
  Response* const response_ ABSL_PT_GUARDED_BY(mu_);
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<UnaryCall> self_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tailcast::rpc

#endif  // TAILCAST_SERVER_RPC_UNARY_CALL_H_
