#ifndef TAILCAST_CLIENT_CLI_PUBLISH_COMMAND_H_
#define TAILCAST_CLIENT_CLI_PUBLISH_COMMAND_H_

#include "client/cli/command.h"

namespace tailcast::cli {

// `tailcast publish`: makes a bundle of what was trained, the next version in a repository.
void AddPublishCommand(CLI::App& app, CommandRunner& runner);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_PUBLISH_COMMAND_H_
