#ifndef TAILCAST_CLIENT_CLI_ENCODE_COMMAND_H_
#define TAILCAST_CLIENT_CLI_ENCODE_COMMAND_H_

#include "client/cli/command.h"

namespace tailcast::cli {

// `tailcast encode`: images through a trained encoder to a file of features.
void AddEncodeCommand(CLI::App& app, CommandRunner& runner);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_ENCODE_COMMAND_H_
