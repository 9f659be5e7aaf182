#ifndef TAILCAST_SERVER_FLAGS_H_
#define TAILCAST_SERVER_FLAGS_H_

#include <variant>

#include "absl/time/time.h"
#include "server/server.h"
#include "server/telemetry/logging.h"

namespace tailcast {

// What the command line, the environment (TAILCASTD_*) and the configuration file say, in this
// order of precedence.
struct ServerFlags {
  ServerOptions server;
  telemetry::LogOptions log;
  // For calls that run when the server is told to stop.
  absl::Duration grace = absl::Seconds(30);
};

// An exit code if there is nothing left to do: 0 after --help and --version, 2 after wrong usage;
// the text has been written.
std::variant<ServerFlags, int> ParseServerFlags(int argc, const char* const* argv);

}  // namespace tailcast

#endif  // TAILCAST_SERVER_FLAGS_H_
