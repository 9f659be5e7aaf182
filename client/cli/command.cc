#include "client/cli/command.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/progress_bar.h"
#include "client/cli/stop_signal.h"
#include "client/cli/version.h"
#include "core/tensor/torch_status.h"

namespace tailcast::cli {
namespace {

constexpr char kWrongUsageUrl[] = "tailcast.cli/wrong_usage";

// "tailcast train encoder"
std::string FullName(const CLI::App& command) {
  if (command.get_parent() == nullptr) return command.get_name();
  return absl::StrCat(FullName(*command.get_parent()), " ", command.get_name());
}

// The innermost command that the command line named.
const CLI::App& NamedCommand(const CLI::App& app) {
  const auto named = app.get_subcommands();
  return named.empty() ? app : NamedCommand(*named.front());
}

struct UnexpectedWord {
  const CLI::App* command = nullptr;  // at which it stands
  std::string word;
};

// The first word that no command took.
std::optional<UnexpectedWord> FindUnexpectedWord(const CLI::App& app) {
  for (const std::string& word : app.remaining()) {
    if (word != "--") return UnexpectedWord{.command = &app, .word = word};
  }
  const auto named = app.get_subcommands();
  return named.empty() ? std::nullopt : FindUnexpectedWord(*named.front());
}

int ReportError(const std::string& command, const absl::Status& status) {
  std::cerr << command << ": " << status.message();
  if (IsWrongUsage(status)) std::cerr << " (see '" << command << " --help')";
  std::cerr << std::endl;
  if (IsWrongUsage(status)) return kExitWrongUsage;
  return absl::IsCancelled(status) && StopRequested() ? kExitInterrupted : kExitFailed;
}

int PrintResult(const std::string& command, const CommandResult& result, bool json) {
  if (json) {
    std::cout << result.json.dump(2, ' ', /*ensure_ascii=*/false,
                                  nlohmann::json::error_handler_t::replace)
              << std::endl;
  } else if (!result.text.empty()) {
    std::cout << result.text << std::endl;
  }
  if (std::cout.good()) return result.exit_code;
  return ReportError(command, absl::InternalError("cannot write to standard output"));
}

}  // namespace

absl::Status WrongUsage(absl::string_view message) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kWrongUsageUrl, absl::Cord());
  return status;
}

bool IsWrongUsage(const absl::Status& status) {
  return status.GetPayload(kWrongUsageUrl).has_value();
}

absl::Status CheckStop(const CommandContext& context) {
  return context.stop_requested() ? absl::CancelledError("interrupted") : absl::OkStatus();
}

CommandRunner::CommandRunner(CLI::App& root) : root_(root) {
  root_.require_subcommand(0, 1);  // none: Run() says so, after a word that is no command
  AddVersionFlag(root_);
}

void CommandRunner::Bind(CLI::App& command, CommandBody body) {
  command.add_flag("--json", json_, "Print one JSON document on standard output, nothing else");
  command.add_flag("--quiet", quiet_, "Show no progress");
  AddVersionFlag(command);
  bound_.push_back({.command = &command, .body = std::move(body)});
}

void CommandRunner::AddVersionFlag(CLI::App& command) {
  command.set_version_flag("--version", VersionText(),
                           "Print version, commit and LibTorch's version");
}

// CLI11 would take the next word of the command line as the value of "--flag=".
int CommandRunner::RefuseEmptyValues(const std::vector<std::string>& words) const {
  const CLI::App* command = &root_;
  for (const std::string& word : words) {
    if (word == "--") break;
    const auto named = command->get_subcommands(
        [&word](const CLI::App* child) { return child->get_name() == word; });
    if (!named.empty()) command = named.front();
    if (!absl::StartsWith(word, "--") || word.find('=') + 1 != word.size()) continue;
    return ReportError(FullName(*command),
                       WrongUsage(absl::StrCat(word, " has no value; expected ", word, "VALUE")));
  }
  return kExitDone;
}

int CommandRunner::Run(int argc, const char* const* argv) {
  if (const int code = RefuseEmptyValues({argv + 1, argv + argc}); code != kExitDone) return code;
  try {
    root_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // CLI11 has no other way to end
    return ReportParseError(error);
  }
  for (const Bound& bound : bound_) {
    if (bound.command->parsed()) return RunCommand(bound);
  }
  return ReportError(root_.get_name(), WrongUsage("a command is required"));
}

int CommandRunner::ReportParseError(const CLI::ParseError& error) const {
  if (error.get_exit_code() == 0) {  // --help and --version
    root_.exit(error, std::cout, std::cerr);
    return std::cout.flush().good() ? kExitDone : kExitFailed;
  }
  // CLI11 names what is missing first, though a misspelt flag may be why it is.
  if (const auto found = FindUnexpectedWord(root_)) {
    return ReportError(FullName(*found->command),
                       WrongUsage(absl::StrCat("unexpected argument '", found->word, "'")));
  }
  return ReportError(FullName(NamedCommand(root_)), WrongUsage(error.what()));
}

int CommandRunner::RunCommand(const Bound& bound) const {
  InstallStopSignals();
  ProgressBar progress({.output = &std::cerr,
                        .is_terminal = isatty(STDERR_FILENO) == 1,
                        .quiet = quiet_,
                        .stop_requested = StopRequested});
  CommandContext context{.progress = progress, .stop_requested = StopRequested, .json = json_};
  // A C++ exception of a library ends as a message, not as an abort.
  const absl::StatusOr<CommandResult> result =
      CatchTorchErrors([&] { return bound.body(context); });
  progress.End();
  const std::string name = FullName(*bound.command);
  if (!result.ok()) return ReportError(name, result.status());
  return PrintResult(name, *result, json_);
}

}  // namespace tailcast::cli
