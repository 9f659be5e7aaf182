#ifndef TAILCAST_CLIENT_LIBRARY_FAILOVER_H_
#define TAILCAST_CLIENT_LIBRARY_FAILOVER_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/library/clock.h"

namespace tailcast::client {

struct RetryOptions {
  // Time without progress after which it is over, from the first failure on; 0: never try again,
  // the first failure is the result.
  absl::Duration retry_for = absl::Seconds(60);
  // First delay; each further one is twice as long, up to the maximum. Each is shortened by a
  // random share of up to `jitter`.
  absl::Duration initial_delay = absl::Milliseconds(100);
  absl::Duration max_delay = absl::Seconds(5);
  double jitter = 0.25;
};

// One failure that is not the end, for a log or a terminal.
struct RetryNotice {
  absl::Status failure;
  // Where and when it goes on.
  std::string next_server;
  absl::Duration delay;
  // Time until it gives up, if nothing helps; infinite before the first transient failure.
  absl::Duration remaining;
};

struct FailoverOptions {
  // "host:port"; at least one. Replicas that serve the same bundles.
  std::vector<std::string> servers;
  RetryOptions retry;
  std::stop_token stop;
  // Called in the thread that waits; may be empty.
  std::function<void(const RetryNotice&)> on_retry;
  // Not owned; the machine's clock if null.
  Clock* clock = nullptr;
};

// Decides after a failure whether, where and when to try again. Not thread-safe.
class Failover {
 public:
  explicit Failover(FailoverOptions options);

  // Where the next attempt goes. REQUIRES: Recover() never returned an error.
  const std::string& server() const { return servers_[current_]; }

  // Something was received: the time without progress starts anew.
  void NoteProgress();

  // Takes the failure of an attempt at server(). OK: it waited and chose, try again. Otherwise it
  // is over: CANCELLED if a stop was requested; `failure` itself if trying again cannot help; and
  // UNAVAILABLE, with the last failure in its text, if the time is used up. A replica that
  // fails where another need not is not asked again while there are others.
  absl::Status Recover(const absl::Status& failure);

  // Time that is left for further attempts; without end before the first failure.
  absl::Duration remaining() const;

 private:
  absl::Status Refuse(const absl::Status& failure);
  std::optional<absl::Duration> NextDelay(const absl::Status& failure);

  FailoverOptions options_;
  Clock& clock_;
  std::vector<std::string> servers_;
  size_t current_ = 0;
  // What replicas said that were refused, for the last message.
  std::vector<std::string> refusals_;
  std::optional<absl::Time> first_failure_;
  absl::Duration delay_;
};

// Runs `attempt` with the address of a server until it succeeds or Failover gives up.
absl::Status CallWithFailover(const FailoverOptions& options,
                              absl::FunctionRef<absl::Status(const std::string& server)> attempt);

}  // namespace tailcast::client

#endif  // TAILCAST_CLIENT_LIBRARY_FAILOVER_H_
