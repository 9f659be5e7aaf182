#ifndef TAILCAST_CLIENT_LIBRARY_CALL_CONTEXT_H_
#define TAILCAST_CLIENT_LIBRARY_CALL_CONTEXT_H_

#include <grpcpp/client_context.h>

#include <functional>
#include <stop_token>

#include "absl/time/time.h"

namespace tailcast::client {

// The context of one unary call, which ends at once with CANCELLED when a stop is requested, and
// with DEADLINE_EXCEEDED after `timeout`. Not thread-safe; a stop may be requested from any thread,
// also before the call begins.
class CallContext {
 public:
  CallContext(absl::Duration timeout, std::stop_token stop);
  CallContext(const CallContext&) = delete;
  CallContext& operator=(const CallContext&) = delete;

  grpc::ClientContext* get() { return &context_; }

 private:
  grpc::ClientContext context_;
  std::stop_callback<std::function<void()>> on_stop_;  // last: ends before the context does
};

}  // namespace tailcast::client

#endif  // TAILCAST_CLIENT_LIBRARY_CALL_CONTEXT_H_
