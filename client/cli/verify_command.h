#ifndef TAILCAST_CLIENT_CLI_VERIFY_COMMAND_H_
#define TAILCAST_CLIENT_CLI_VERIFY_COMMAND_H_

#include "client/cli/command.h"

namespace tailcast::cli {

// `tailcast verify`: recomputes every digest of a bundle; exit code 1 if any differs.
void AddVerifyCommand(CLI::App& app, CommandRunner& runner);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_VERIFY_COMMAND_H_
