#ifndef TAILCAST_CLIENT_CLI_INSPECT_COMMAND_H_
#define TAILCAST_CLIENT_CLI_INSPECT_COMMAND_H_

#include "client/cli/command.h"

namespace tailcast::cli {

// `tailcast inspect`: shows one bundle of a repository or a server.
void AddInspectCommand(CLI::App& app, CommandRunner& runner);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_INSPECT_COMMAND_H_
