#ifndef TAILCAST_CLIENT_CLI_GENERATE_COMMAND_H_
#define TAILCAST_CLIENT_CLI_GENERATE_COMMAND_H_

#include "client/cli/command.h"

namespace tailcast::cli {

// `tailcast generate`: ad-hoc generation into a file, from a server or in this process.
void AddGenerateCommand(CLI::App& app, CommandRunner& runner);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_GENERATE_COMMAND_H_
