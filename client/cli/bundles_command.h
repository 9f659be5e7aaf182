#ifndef TAILCAST_CLIENT_CLI_BUNDLES_COMMAND_H_
#define TAILCAST_CLIENT_CLI_BUNDLES_COMMAND_H_

#include "client/cli/command.h"

namespace tailcast::cli {

// `tailcast bundles`: lists the bundles of a repository or a server.
void AddBundlesCommand(CLI::App& app, CommandRunner& runner);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_BUNDLES_COMMAND_H_
