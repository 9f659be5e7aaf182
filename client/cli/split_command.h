#ifndef TAILCAST_CLIENT_CLI_SPLIT_COMMAND_H_
#define TAILCAST_CLIENT_CLI_SPLIT_COMMAND_H_

#include "client/cli/command.h"

namespace tailcast::cli {

// `tailcast split`: chooses a long-tailed training set and a balanced validation set.
void AddSplitCommand(CLI::App& app, CommandRunner& runner);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_SPLIT_COMMAND_H_
