#include "client/cli/commands.h"

#include <CLI/CLI.hpp>

#include "client/cli/bundles_command.h"
#include "client/cli/command.h"
#include "client/cli/encode_command.h"
#include "client/cli/generate_command.h"
#include "client/cli/inspect_command.h"
#include "client/cli/label_command.h"
#include "client/cli/publish_command.h"
#include "client/cli/report_command.h"
#include "client/cli/retrain_command.h"
#include "client/cli/split_command.h"
#include "client/cli/train_command.h"
#include "client/cli/verify_command.h"

namespace tailcast::cli {

void AddAllCommands(CLI::App& app, CommandRunner& runner) {
  AddSplitCommand(app, runner);
  AddTrainCommand(app, runner);
  AddEncodeCommand(app, runner);
  AddPublishCommand(app, runner);
  AddBundlesCommand(app, runner);
  AddInspectCommand(app, runner);
  AddVerifyCommand(app, runner);
  AddLabelCommand(app, runner);
  AddGenerateCommand(app, runner);
  AddRetrainCommand(app, runner);
  AddReportCommand(app, runner);
}

int RunCommandLine(int argc, const char* const* argv) {
  CLI::App app(
      "Generates features of rare classes: long-tailed sets, encoders, generators, bundles,\n"
      "streams of generated rows and the classifiers trained on them.",
      "tailcast");
  app.footer(
      "Every command has --help with an example.\n"
      "Examples:\n"
      "  tailcast bundles --server 127.0.0.1:50071\n"
      "  tailcast generate --server 127.0.0.1:50071 --bundle fashion-mnist-lt \\\n"
      "    --plan balance-to=5900 --output fill.safetensors");
  CommandRunner runner(app);
  AddAllCommands(app, runner);
  return runner.Run(argc, argv);
}

}  // namespace tailcast::cli
