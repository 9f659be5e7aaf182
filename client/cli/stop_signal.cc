#include "client/cli/stop_signal.h"

#include <atomic>
#include <csignal>

namespace tailcast::cli {
namespace {

// A signal handler can reach nothing but a global.
std::atomic<bool> g_stop_requested = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void RequestStop(int) { g_stop_requested.store(true); }

}  // namespace

void InstallStopSignals() {
  struct sigaction stop = {};
  stop.sa_handler = RequestStop;
  stop.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigemptyset(&stop.sa_mask);
  sigaction(SIGINT, &stop, nullptr);
  sigaction(SIGTERM, &stop, nullptr);
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
}

bool StopRequested() { return g_stop_requested.load(); }

}  // namespace tailcast::cli
