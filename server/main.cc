#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "core/tensor/compute_threads.h"
#include "server/flags.h"
#include "server/server.h"
#include "server/telemetry/logging.h"

namespace {

// Blocked in every thread, so that only main() takes them.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A client or log reader that went away is an error of a call, not a signal.
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

}  // namespace

int main(int argc, char** argv) {
  const sigset_t stop_signals = BlockStopSignals();
  auto parsed = tailcast::ParseServerFlags(argc, argv);
  if (const int* const exit_code = std::get_if<int>(&parsed)) return *exit_code;
  auto& flags = std::get<tailcast::ServerFlags>(parsed);
  tailcast::UseOneComputeThread();
  tailcast::telemetry::StartLogging(flags.log);

  auto server = tailcast::Server::Create(std::move(flags.server));
  if (!server.ok()) {
    tailcast::telemetry::FlushLogs();
    std::fprintf(stderr, "tailcastd: %s\n", std::string(server.status().message()).c_str());
    return 1;
  }
  std::printf("listening on %s\n", (*server)->address().c_str());
  std::fflush(stdout);

  int signal = 0;
  sigwait(&stop_signals, &signal);
  // A second signal ends the program at once.
  pthread_sigmask(SIG_UNBLOCK, &stop_signals, nullptr);
  (*server)->Shutdown(flags.grace);
  tailcast::telemetry::FlushLogs();
  return 0;
}
