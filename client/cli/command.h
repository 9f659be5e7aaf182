#ifndef TAILCAST_CLIENT_CLI_COMMAND_H_
#define TAILCAST_CLIENT_CLI_COMMAND_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/training/progress.h"
#include "nlohmann/json.hpp"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace tailcast::cli {

// What the shell sees.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitWrongUsage = 2;
inline constexpr int kExitInterrupted = 130;

// What a command has to say: `json` with --json, `text` (no newline at its end) without.
struct CommandResult {
  nlohmann::json json = nullptr;
  std::string text = "";
  // For commands that did their work and found a fault, such as `verify`.
  int exit_code = kExitDone;
};

struct CommandContext {
  training::ProgressSink& progress;
  // True once the user pressed ^C: save what is worth keeping and return CANCELLED.
  std::function<bool()> stop_requested;
  bool json = false;
};

// CANCELLED once the user pressed ^C. A command calls it between its phases; what it has begun to
// write it finishes.
absl::Status CheckStop(const CommandContext& context);

// The work of a command. Runs once, on the main thread, after its flags were parsed.
using CommandBody = std::function<absl::StatusOr<CommandResult>(CommandContext&)>;

// An error of the flags that only the command itself can see: exit code 2 instead of 1.
absl::Status WrongUsage(absl::string_view message);
bool IsWrongUsage(const absl::Status& status);

// Parses the command line and runs the one command that it names. Every command's file has one
// function `void AddXCommand(CLI::App& app, CommandRunner& runner)`, listed in commands.cc:
//   auto options = std::make_shared<SplitOptions>();
//   CLI::App& command = *app.add_subcommand("split", "Choose a long-tailed training set");
//   command.footer("Example:\n  tailcast split --data DIR --output split.json");
//   command.add_option("--data", options->data, "Folder of the data set")->required();
//   runner.Bind(command, [options](CommandContext& context) { return Split(*options, context); });
class CommandRunner {
 public:
  // `root` must outlive the runner.
  explicit CommandRunner(CLI::App& root);

  // Gives `command` its work and the flags that every command has: --json, --quiet, --version.
  void Bind(CLI::App& command, CommandBody body);

  // For commands that hold other commands.
  static void AddVersionFlag(CLI::App& command);

  // Returns the exit code. Results go to standard output, everything else to standard error.
  int Run(int argc, const char* const* argv);

 private:
  struct Bound {
    CLI::App* command = nullptr;
    CommandBody body;
  };

  // kExitDone if every flag that is written with "=" has a value.
  int RefuseEmptyValues(const std::vector<std::string>& words) const;
  int ReportParseError(const CLI::ParseError& error) const;
  int RunCommand(const Bound& bound) const;

  CLI::App& root_;
  std::vector<Bound> bound_;
  bool json_ = false;
  bool quiet_ = false;
};

// Builds the whole command line and runs it: the program.
int RunCommandLine(int argc, const char* const* argv);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_COMMAND_H_
