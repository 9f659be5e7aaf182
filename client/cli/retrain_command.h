#ifndef TAILCAST_CLIENT_CLI_RETRAIN_COMMAND_H_
#define TAILCAST_CLIENT_CLI_RETRAIN_COMMAND_H_

#include "client/cli/command.h"

namespace tailcast::cli {

// `tailcast retrain`: a remote trainer, LDMLR's third stage.
void AddRetrainCommand(CLI::App& app, CommandRunner& runner);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_RETRAIN_COMMAND_H_
