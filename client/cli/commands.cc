#include "client/cli/commands.h"

#include <CLI/CLI.hpp>

#include "client/cli/command.h"

namespace tailcast::cli {

void AddAllCommands(CLI::App& app, CommandRunner& runner) {
  (void)app;
  (void)runner;
}

int RunCommandLine(int argc, const char* const* argv) {
  CLI::App app(
      "Generates features of rare classes: long-tailed sets, encoders, generators, bundles,\n"
      "streams of generated rows and the classifiers trained on them.",
      "tailcast");
  app.footer("Every command has --help with an example.");
  CommandRunner runner(app);
  AddAllCommands(app, runner);
  return runner.Run(argc, argv);
}

}  // namespace tailcast::cli
