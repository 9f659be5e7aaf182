#ifndef TAILCAST_CLIENT_CLI_COMMANDS_H_
#define TAILCAST_CLIENT_CLI_COMMANDS_H_

namespace CLI {
class App;
}  // namespace CLI

namespace tailcast::cli {

class CommandRunner;

// Every command of `tailcast`, in the order of its help. One file each.
void AddAllCommands(CLI::App& app, CommandRunner& runner);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_COMMANDS_H_
