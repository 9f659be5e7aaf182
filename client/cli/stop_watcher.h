#ifndef TAILCAST_CLIENT_CLI_STOP_WATCHER_H_
#define TAILCAST_CLIENT_CLI_STOP_WATCHER_H_

#include <functional>
#include <stop_token>
#include <thread>

namespace tailcast::cli {

// Turns "the user wants to stop", which is asked, into a stop token, which wakes who waits for a
// server. Looks every 50 ms while it lives.
class StopWatcher {
 public:
  // `stop_requested`: safe from another thread.
  explicit StopWatcher(std::function<bool()> stop_requested);

  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::jthread thread_;  // last: ends before the source does
};

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_STOP_WATCHER_H_
