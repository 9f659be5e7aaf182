#ifndef TAILCAST_CLIENT_CLI_SERVER_FLAG_H_
#define TAILCAST_CLIENT_CLI_SERVER_FLAG_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "client/library/failover.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tailcast::cli {

// Adds `--server HOST:PORT[,HOST:PORT...]`.
CLI::Option* AddServerFlag(CLI::App& command, std::string& servers);

// The flag's value as options for the client library. Wrong usage if it is no list of addresses.
absl::StatusOr<client::FailoverOptions> ParseServerFlag(const std::string& servers);

// Tells on standard error, in the name of `command`, which has --retry-for, what went wrong, where
// it goes on and for how long; not more than once in five seconds.
std::function<void(const client::RetryNotice&)> RetryPrinter(const std::string& command);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_SERVER_FLAG_H_
