#ifndef TAILCAST_CLIENT_CLI_LABEL_COMMAND_H_
#define TAILCAST_CLIENT_CLI_LABEL_COMMAND_H_

#include "client/cli/command.h"

namespace tailcast::cli {

// `tailcast label`: points a label such as `stable` at a version.
void AddLabelCommand(CLI::App& app, CommandRunner& runner);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_LABEL_COMMAND_H_
