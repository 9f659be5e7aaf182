#include "client/library/call_context.h"

#include <chrono>
#include <utility>

namespace tailcast::client {

CallContext::CallContext(absl::Duration timeout, std::stop_token stop)
    : on_stop_(std::move(stop), [this] { context_.TryCancel(); }) {
  context_.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMicroseconds(timeout));
}

}  // namespace tailcast::client
