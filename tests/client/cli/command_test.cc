#include "client/cli/command.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/base/status_macros.h"
#include "gmock/gmock.h"

namespace tailcast::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// What a program with the one command `tool work` did.
struct Outcome {
  int exit_code = -1;
  std::string output;
  std::string error;
};

Outcome RunWork(const std::vector<const char*>& arguments, CommandBody body) {
  CLI::App app("A tool", "tool");
  CommandRunner runner(app);
  CLI::App& work = *app.add_subcommand("work", "Works");
  work.footer("Example:\n  tool work");
  runner.Bind(work, std::move(body));
  std::vector<const char*> argv = {"tool"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  Outcome outcome;
  outcome.exit_code = runner.Run(static_cast<int>(argv.size()), argv.data());
  outcome.output = ::testing::internal::GetCapturedStdout();
  outcome.error = ::testing::internal::GetCapturedStderr();
  return outcome;
}

absl::StatusOr<CommandResult> Succeed(CommandContext&) {
  return CommandResult{.json = {{"rows", 3}}, .text = "three rows"};
}

TEST(CommandTest, PrintsTextOrOneJsonDocument) {
  Outcome outcome = RunWork({"work"}, Succeed);
  EXPECT_EQ(outcome.exit_code, kExitDone);
  EXPECT_EQ(outcome.output, "three rows\n");
  outcome = RunWork({"work", "--json"}, Succeed);
  EXPECT_EQ(outcome.exit_code, kExitDone);
  EXPECT_EQ(nlohmann::json::parse(outcome.output), nlohmann::json({{"rows", 3}}));
}

TEST(CommandTest, AFailureIsOneLineOnStandardErrorAndNothingElse) {
  const CommandBody fail = [](CommandContext&) { return absl::NotFoundError("no file 'x'"); };
  for (const auto& arguments :
       std::vector<std::vector<const char*>>{{"work"}, {"work", "--json"}}) {
    const Outcome outcome = RunWork(arguments, fail);
    EXPECT_EQ(outcome.exit_code, kExitFailed);
    EXPECT_EQ(outcome.error, "tool work: no file 'x'\n");
    EXPECT_THAT(outcome.output, IsEmpty());
  }
}

TEST(CommandTest, WrongUsageFoundByTheCommandEndsWithTwo) {
  const Outcome outcome =
      RunWork({"work"}, [](CommandContext&) { return WrongUsage("--a needs --b"); });
  EXPECT_EQ(outcome.exit_code, kExitWrongUsage);
  EXPECT_EQ(outcome.error, "tool work: --a needs --b (see 'tool work --help')\n");
}

TEST(CommandTest, UnknownFlagsAndCommandsEndWithTwo) {
  for (const auto& arguments :
       std::vector<std::vector<const char*>>{{}, {"play"}, {"work", "--fast"}, {"work", "more"}}) {
    const Outcome outcome = RunWork(arguments, Succeed);
    EXPECT_EQ(outcome.exit_code, kExitWrongUsage);
    EXPECT_THAT(outcome.error, StartsWith("tool"));
    EXPECT_THAT(outcome.output, IsEmpty());
  }
}

TEST(CommandTest, AFlagWithAnEqualsSignAndNoValueTakesNoOtherWord) {
  const CommandBody never = [](CommandContext&) {
    ADD_FAILURE() << "the command ran";
    return CommandResult{};
  };
  for (const auto& arguments : std::vector<std::vector<const char*>>{
           {"work", "--json="}, {"work", "--json=", "word"}, {"--json=", "work"}}) {
    const Outcome outcome = RunWork(arguments, never);
    EXPECT_EQ(outcome.exit_code, kExitWrongUsage);
    EXPECT_THAT(outcome.error, HasSubstr(": --json= has no value; expected --json=VALUE"));
  }
  EXPECT_THAT(RunWork({"work", "--json="}, never).error, StartsWith("tool work: "));
}

TEST(CommandTest, ExceptionsOfLibrariesEndAsMessages) {
  const Outcome outcome = RunWork({"work"}, [](CommandContext&) -> absl::StatusOr<CommandResult> {
    throw std::runtime_error("library broke");
  });
  EXPECT_EQ(outcome.exit_code, kExitFailed);
  EXPECT_EQ(outcome.error, "tool work: library broke\n");
}

TEST(CommandTest, ACommandCanFinishWithAFaultToReport) {
  const Outcome outcome = RunWork({"work", "--json"}, [](CommandContext&) {
    return CommandResult{.json = {{"ok", false}}, .exit_code = kExitFailed};
  });
  EXPECT_EQ(outcome.exit_code, kExitFailed);
  EXPECT_EQ(nlohmann::json::parse(outcome.output), nlohmann::json({{"ok", false}}));
}

TEST(CommandTest, HelpAndVersionGoToStandardOutput) {
  Outcome outcome = RunWork({"work", "--help"}, Succeed);
  EXPECT_EQ(outcome.exit_code, kExitDone);
  EXPECT_THAT(outcome.output, HasSubstr("Example:\n  tool work"));
  for (const auto& arguments :
       std::vector<std::vector<const char*>>{{"--version"}, {"work", "--version"}}) {
    outcome = RunWork(arguments, Succeed);
    EXPECT_EQ(outcome.exit_code, kExitDone);
    EXPECT_THAT(outcome.output, StartsWith("tailcast "));
    EXPECT_THAT(outcome.output, HasSubstr("commit "));
    EXPECT_THAT(outcome.output, HasSubstr("LibTorch 2.11"));
  }
}

TEST(CommandTest, ProgressGoesToStandardErrorUnlessQuiet) {
  const CommandBody work = [](CommandContext& context) {
    context.progress.Begin("work", "rows", 0, 2);
    context.progress.Advance(2, {});
    return Succeed(context);
  };
  EXPECT_THAT(RunWork({"work"}, work).error, HasSubstr("work: 2 of 2 rows"));
  EXPECT_THAT(RunWork({"work", "--quiet"}, work).error, IsEmpty());
  EXPECT_EQ(RunWork({"work", "--json"}, work).output, "{\n  \"rows\": 3\n}\n");
}

TEST(CommandTest, CancelledWithoutASignalIsAFailure) {
  const Outcome outcome =
      RunWork({"work"}, [](CommandContext&) { return absl::CancelledError("gone"); });
  EXPECT_EQ(outcome.exit_code, kExitFailed);
}

TEST(CommandTest, AnInterruptedCommandThatStopsBetweenPhasesEndsWith130) {
  const CommandBody work = [](CommandContext& context) -> absl::StatusOr<CommandResult> {
    RETURN_IF_ERROR(CheckStop(context));
    std::raise(SIGINT);
    RETURN_IF_ERROR(CheckStop(context));
    return Succeed(context);
  };
  // In a child: the request to stop lasts for the rest of a process.
  const pid_t child = fork();
  if (child == 0) _exit(RunWork({"work"}, work).exit_code);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), kExitInterrupted);
}

}  // namespace
}  // namespace tailcast::cli
