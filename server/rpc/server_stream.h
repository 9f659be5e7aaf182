#ifndef TAILCAST_SERVER_RPC_SERVER_STREAM_H_
#define TAILCAST_SERVER_RPC_SERVER_STREAM_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc/call_registry.h"
#include "server/rpc/errors.h"
#include "server/rpc/limits.h"
#include "server/rpc/status_conversion.h"

namespace tailcast::rpc {

// Drives one server-streaming call of numbered messages: pulls work from the subclass while fewer
// than `kMaxQueuedResponses` messages are being made or wait for the client, writes them in order,
// one at a time, and calls Finish() exactly once.
//
// Threads: reactions run on gRPC threads and may overlap; Produced() and End() may be called from
// any thread, also after the end. No method blocks. The object keeps itself alive until OnDone();
// producers hold a shared_ptr, so a late Produced() is safe and is ignored.
template <typename Response>
class ServerStream : public grpc::ServerWriteReactor<Response>,
                     public EndableCall,
                     public std::enable_shared_from_this<ServerStream<Response>> {
 public:
  // `deadline`: the caller's; says whether a cancel was one. `context`: lives until OnDone().
  ServerStream(absl::Time deadline, const grpc::CallbackServerContext& context)
      : deadline_(deadline), context_(context) {}

  // Keeps the object alive until OnDone(). Call once, after construction by std::make_shared.
  void Hold() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    self_ = this->shared_from_this();
  }

  // Begins: messages 0 to message_count - 1, then OK. Call once, from any thread, after Hold().
  void Start(int64_t message_count) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    message_count_ = message_count;
    Advance();
  }

  // Hands over message `index`, made for ProduceAsync(index). Ignored once the call is over.
  void Produced(int64_t index, Response response) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    if (finished_) return;
    queue_[index - first_queued_] = std::move(response);
    Advance();
  }

  // Ends the stream at once with an error, after the message that is being written; messages that
  // wait are dropped, since the client asks for their rows again.
  void End(absl::Status status) override ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    FinishOnce(status);
  }

  // Ends the stream with StreamIdle() if its client takes nothing. Who still takes nothing at the
  // next look, a slow reader of the end included, is cut off: nothing else would free the memory.
  void EndIfStalled(absl::Time now, absl::Duration limit) override ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    const bool is_done = self_ == nullptr;
    if (is_done || now - waiting_since_ <= limit) return;
    if (!finished_) return FinishOnce(StreamIdle(limit));
    context_.TryCancel();
  }

  // Requested once the call is over, for whatever reason: work for it is not wanted any more.
  std::stop_token stop_token() const { return stop_.get_token(); }
  absl::Time deadline() const { return deadline_; }

 protected:
  // Makes message `index`: returns it, or an error that ends the call, or starts the work and
  // returns nothing; the work later calls Produced() or End() from another thread. Called for 0, 1,
  // 2, ... in order, under the stream's lock, so it must not call methods of the stream; never
  // after the end.
  virtual absl::StatusOr<std::optional<Response>> ProduceAsync(int64_t index) = 0;

  // The call is over, after `written` messages, and nothing else happens to it: time for the access
  // log.
  virtual void OnOver(const absl::Status& status, int64_t written) = 0;

 private:
  void OnWriteDone(bool ok) final ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    writing_ = false;
    if (finished_) return;
    waiting_since_ = absl::InfiniteFuture();
    // What cannot be written has no reader any more.
    if (!ok) return FinishOnce(absl::CancelledError("the client is gone"));
    queue_.pop_front();
    ++first_queued_;
    Advance();
  }

  void OnCancel() final ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    FinishOnce(absl::Now() >= deadline_ ? absl::DeadlineExceededError("the deadline has passed")
                                        : absl::CancelledError("the client cancelled"));
  }

  void OnDone() final {
    std::shared_ptr<ServerStream> self;
    absl::Status status;
    int64_t written = 0;
    {
      absl::MutexLock lock(&mu_);
      self = std::move(self_);
      status = status_;
      written = first_queued_;
    }
    OnOver(status, written);
  }  // `self` may delete this object here.

  // Produces and writes whatever can be, and ends the stream behind its last message.
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    while (!finished_ && MayProduce()) {
      const int64_t index = first_queued_ + static_cast<int64_t>(queue_.size());
      queue_.emplace_back();
      absl::StatusOr<std::optional<Response>> made = ProduceAsync(index);
      if (!made.ok()) return FinishOnce(made.status());
      queue_.back() = *std::move(made);
    }
    MaybeWrite();
  }

  bool MayProduce() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const auto queued = static_cast<int64_t>(queue_.size());
    return queued < kMaxQueuedResponses && first_queued_ + queued < message_count_;
  }

  // The only caller of StartWrite().
  void MaybeWrite() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (finished_ || writing_) return;
    if (first_queued_ == message_count_) return FinishOnce(absl::OkStatus());
    if (queue_.empty() || !queue_.front().has_value()) return;
    writing_ = true;
    waiting_since_ = absl::Now();
    this->StartWrite(&*queue_.front());
  }

  void FinishOnce(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (std::exchange(finished_, true)) return;
    stop_.request_stop();
    // The front message stays while it is being written.
    queue_.resize(writing_ ? 1 : 0);
    status_ = ForCaller(status);
    // Behind a message that nobody takes, the end waits as long as the message already has.
    if (!writing_) waiting_since_ = absl::Now();
    this->Finish(ToGrpcStatus(status_));
  }

  const absl::Time deadline_;
  const grpc::CallbackServerContext& context_;
  std::stop_source stop_;
  absl::Mutex mu_;
  // Messages first_queued_, first_queued_ + 1, ...: empty while they are being made. The front one
  // is in flight while `writing_`.
  std::deque<std::optional<Response>> queue_ ABSL_GUARDED_BY(mu_);
  int64_t first_queued_ ABSL_GUARDED_BY(mu_) = 0;
  // -1: not started.
  int64_t message_count_ ABSL_GUARDED_BY(mu_) = -1;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  // Since when gRPC has had a message, or the end, that the client did not take; InfiniteFuture()
  // if it has none.
  absl::Time waiting_since_ ABSL_GUARDED_BY(mu_) = absl::InfiniteFuture();
  absl::Status status_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<ServerStream> self_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tailcast::rpc

#endif  // TAILCAST_SERVER_RPC_SERVER_STREAM_H_
