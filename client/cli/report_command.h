#ifndef TAILCAST_CLIENT_CLI_REPORT_COMMAND_H_
#define TAILCAST_CLIENT_CLI_REPORT_COMMAND_H_

#include "client/cli/command.h"

namespace tailcast::cli {

// `tailcast report`: what `tailcast retrain` found for several seeds, as one page and one JSON.
void AddReportCommand(CLI::App& app, CommandRunner& runner);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_REPORT_COMMAND_H_
