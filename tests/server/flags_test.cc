#include "server/flags.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <initializer_list>
#include <string>
#include <vector>

#include "core/base/cpu_count.h"
#include "tests/core/base/scratch_folder.h"

namespace tailcast {
namespace {

std::variant<ServerFlags, int> Parse(std::initializer_list<const char*> arguments) {
  std::vector<const char*> argv = {"tailcastd"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return ParseServerFlags(static_cast<int>(argv.size()), argv.data());
}

ServerFlags Good(std::initializer_list<const char*> arguments) {
  auto parsed = Parse(arguments);
  EXPECT_TRUE(std::holds_alternative<ServerFlags>(parsed));
  return std::holds_alternative<ServerFlags>(parsed) ? std::get<ServerFlags>(parsed)
                                                     : ServerFlags();
}

int ExitCode(std::initializer_list<const char*> arguments) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const auto parsed = Parse(arguments);
  testing::internal::GetCapturedStdout();
  testing::internal::GetCapturedStderr();
  return std::holds_alternative<int>(parsed) ? std::get<int>(parsed) : -1;
}

// What wrong usage writes.
std::string Complaint(std::initializer_list<const char*> arguments) {
  testing::internal::CaptureStderr();
  const auto parsed = Parse(arguments);
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(std::holds_alternative<int>(parsed) && std::get<int>(parsed) == 2) << text;
  return text.substr(0, text.find('\n'));
}

// Sets a variable of the environment for one test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Variable() { unsetenv(name_); }

 private:
  const char* const name_;
};

TEST(ServerFlagsTest, HaveDefaults) {
  const ServerFlags flags = Good({"--repository", "r"});
  EXPECT_EQ(flags.server.catalog.repository, "r");
  EXPECT_EQ(flags.server.listen, "127.0.0.1:50071");
  EXPECT_EQ(flags.server.engine.num_workers, AvailableCpuCount());
  EXPECT_EQ(flags.server.catalog.poll_interval, absl::Seconds(2));
  EXPECT_EQ(flags.server.catalog.max_loaded_versions, 8);
  EXPECT_EQ(flags.grace, absl::Seconds(30));
  EXPECT_EQ(flags.log.format, telemetry::LogFormat::kText);
  EXPECT_EQ(flags.log.level, telemetry::LogLevel::kInfo);
}

TEST(ServerFlagsTest, ReadTheCommandLine) {
  const ServerFlags flags =
      Good({"--repository", "r", "--listen", "0.0.0.0:0", "--workers", "3", "--max-streams", "7",
            "--max-queued-rows", "9", "--grace", "1.5", "--poll-interval", "0.25", "--log-format",
            "json", "--log-level", "error"});
  EXPECT_EQ(flags.server.listen, "0.0.0.0:0");
  EXPECT_EQ(flags.server.engine.num_workers, 3);
  EXPECT_EQ(flags.server.limits.max_streams, 7);
  EXPECT_EQ(flags.server.engine.max_queued_rows, 9);
  EXPECT_EQ(flags.grace, absl::Seconds(1.5));
  EXPECT_EQ(flags.server.catalog.poll_interval, absl::Milliseconds(250));
  EXPECT_EQ(flags.log.format, telemetry::LogFormat::kJson);
  EXPECT_EQ(flags.log.level, telemetry::LogLevel::kError);
}

TEST(ServerFlagsTest, ReadTheLimits) {
  const ServerFlags flags =
      Good({"--repository", "r", "--max-streams-per-caller", "5", "--idle-timeout", "20.5",
            "--max-queued-tasks", "11", "--max-loaded-versions", "3"});
  EXPECT_EQ(flags.server.limits.max_streams_per_caller, 5);
  EXPECT_EQ(flags.server.limits.idle_timeout, absl::Seconds(20.5));
  EXPECT_EQ(flags.server.engine.max_queued_tasks, 11);
  EXPECT_EQ(flags.server.catalog.max_loaded_versions, 3);
  EXPECT_EQ(ExitCode({"--repository", "r", "--max-streams-per-caller", "0"}), 2);
  EXPECT_EQ(ExitCode({"--repository", "r", "--idle-timeout", "0"}), 2);
  EXPECT_EQ(ExitCode({"--repository", "r", "--max-queued-tasks", "0"}), 2);
  EXPECT_EQ(ExitCode({"--repository", "r", "--max-loaded-versions", "0"}), 2);
}

TEST(ServerFlagsTest, NumbersAreAcceptedUpToTheEndsOfTheirRange) {
  struct Range {
    const char* flag;
    std::vector<const char*> ends, beyond;
    const char* expected;
  };
  const std::vector<Range> ranges = {
      {"--workers", {"1", "1024"}, {"0", "1025"}, "a whole number in [1, 1024]"},
      {"--idle-timeout", {"0.1", "86400"}, {"0.099", "86400.001"}, "a number in [0.1, 86400]"},
      {"--grace", {"0", "86400"}, {"-0.001", "86400.001"}, "a number in [0, 86400]"},
      {"--poll-interval", {"0.05", "86400"}, {"0.049", "86400.001"}, "a number in [0.05, 86400]"},
  };
  for (const Range& range : ranges) {
    const std::string flag = range.flag;
    for (const char* const end : range.ends) {
      Good({"--repository", "r", (flag + "=" + end).c_str()});
    }
    for (const std::string value : range.beyond) {
      EXPECT_EQ(Complaint({"--repository", "r", (flag + "=" + value).c_str()}),
                "tailcastd: " + flag + " '" + value + "'; expected " + range.expected);
    }
  }
}

TEST(ServerFlagsTest, ReadTheEnvironment) {
  const Variable repository("TAILCASTD_REPOSITORY", "from the environment");
  const Variable streams("TAILCASTD_MAX_STREAMS", "12");
  EXPECT_EQ(Good({}).server.catalog.repository, "from the environment");
  EXPECT_EQ(Good({}).server.limits.max_streams, 12);
  EXPECT_EQ(Good({"--max-streams", "13"}).server.limits.max_streams, 13);
}

TEST(ServerFlagsTest, ReadAFileThatTheOthersOverrule) {
  const ScratchFolder folder;
  const std::string path = folder.File("tailcastd.toml");
  std::ofstream(path) << "repository = \"from the file\"\nmax-streams = 14\nworkers = 2\n";
  const Variable streams("TAILCASTD_MAX_STREAMS", "15");

  const ServerFlags flags = Good({"--config", path.c_str(), "--workers", "5"});

  EXPECT_EQ(flags.server.catalog.repository, "from the file");
  EXPECT_EQ(flags.server.limits.max_streams, 15);
  EXPECT_EQ(flags.server.engine.num_workers, 5);
}

TEST(ServerFlagsTest, WrongUsageExitsWith2) {
  EXPECT_EQ(ExitCode({}), 2);
  EXPECT_EQ(ExitCode({"--repository"}), 2);
  EXPECT_EQ(ExitCode({"--repository", "r", "--nonsense"}), 2);
  EXPECT_EQ(ExitCode({"--repository", "r", "stray"}), 2);
  EXPECT_EQ(ExitCode({"--repository", "r", "--workers", "0"}), 2);
  EXPECT_EQ(ExitCode({"--repository", "r", "--workers", "two"}), 2);
  EXPECT_EQ(ExitCode({"--repository", "r", "--max-streams", "-1"}), 2);
  EXPECT_EQ(ExitCode({"--repository", "r", "--log-format", "xml"}), 2);
  EXPECT_EQ(ExitCode({"--repository", "r", "--grace", "-1"}), 2);
  EXPECT_EQ(ExitCode({"--repository", "r", "--config", "/nowhere/file"}), 2);
}

TEST(ServerFlagsTest, AFilesUnknownFlagIsWrongUsage) {
  const ScratchFolder folder;
  const std::string path = folder.File("tailcastd.toml");
  std::ofstream(path) << "repository = \"r\"\nmax-steams = 14\n";
  EXPECT_EQ(ExitCode({"--config", path.c_str()}), 2);
}

TEST(ServerFlagsTest, AComplaintAboutTheCommandLineNamesFlagValueAndRule) {
  EXPECT_EQ(Complaint({}), "tailcastd: --repository is required");
  EXPECT_EQ(Complaint({"--workers", "two"}),
            "tailcastd: --workers 'two'; expected a whole number in [1, 1024]");
  EXPECT_EQ(Complaint({"--repository", "r", "--max-streams", "0"}),
            "tailcastd: --max-streams '0'; expected a whole number of at least 1");
  EXPECT_EQ(Complaint({"--repository", "r", "--grace", "nan"}),
            "tailcastd: --grace 'nan'; expected a number in [0, 86400]");
  EXPECT_EQ(Complaint({"--repository", "r", "--log-format", "xml"}),
            "tailcastd: --log-format 'xml'; expected one of text, json");
  EXPECT_EQ(Complaint({"--repository", "r", "--workers=", "--grace", "1"}),
            "tailcastd: --workers= has no value; expected --workers=VALUE");
  EXPECT_EQ(Complaint({"--nonsense"}),
            "tailcastd: The following argument was not expected: --nonsense");
  for (const char* const listen :
       {"localhost", "127.0.0.1:99999", "127.0.0.1:http", "unix:/run/socket"}) {
    EXPECT_EQ(Complaint({"--repository", "r", "--listen", listen}),
              std::string("tailcastd: --listen '") + listen +
                  "'; expected HOST:PORT with a port in [0, 65535]");
  }
}

TEST(ServerFlagsTest, AComplaintAboutTheEnvironmentNamesTheVariable) {
  const Variable good("TAILCASTD_WORKERS", "3");
  const Variable grace("TAILCASTD_GRACE", "abc");
  const std::string complaint = "tailcastd: TAILCASTD_GRACE 'abc'; expected a number in [0, 86400]";
  EXPECT_EQ(Complaint({"--repository", "r"}), complaint);
  EXPECT_EQ(Complaint({"--repository", "r", "--workers", "2"}), complaint);
}

TEST(ServerFlagsTest, AComplaintAboutAFileNamesIt) {
  const ScratchFolder folder;
  const std::string path = folder.File("c2.toml");
  const auto complaint_about = [&path](const std::string& line) {
    std::ofstream(path, std::ios::trunc) << "repository = \"r\"\n" << line << "\n";
    return Complaint({"--config", path.c_str()});
  };
  const std::string source = "tailcastd: --config " + path + ": ";
  EXPECT_EQ(complaint_about("bogus = 3"), source + "'bogus' is no flag; --help lists them");
  EXPECT_EQ(complaint_about("max-streams = many"),
            source + "max-streams 'many'; expected a whole number of at least 1");
  EXPECT_EQ(complaint_about("listen = \"localhost\""),
            source + "listen 'localhost'; expected HOST:PORT with a port in [0, 65535]");
  EXPECT_EQ(Complaint({"--config", "/nowhere/file"}),
            "tailcastd: --config /nowhere/file: the file cannot be read");
  const Variable config("TAILCASTD_CONFIG", path.c_str());
  EXPECT_EQ(Complaint({}), source +
                               "listen 'localhost'; expected HOST:PORT with a port in "
                               "[0, 65535]");
}

TEST(ServerFlagsTest, AnEmptyVariableIsNotSet) {
  const Variable listen("TAILCASTD_LISTEN", "");
  const Variable workers("TAILCASTD_WORKERS", "");
  const ServerFlags flags = Good({"--repository", "r", "--max-streams", "7"});
  EXPECT_EQ(flags.server.listen, "127.0.0.1:50071");
  EXPECT_EQ(flags.server.engine.num_workers, AvailableCpuCount());
  EXPECT_EQ(flags.server.catalog.repository, "r");
  EXPECT_EQ(flags.server.limits.max_streams, 7);
}

TEST(ServerFlagsTest, HelpAndVersionExitWith0) {
  EXPECT_EQ(ExitCode({"--help"}), 0);
  EXPECT_EQ(ExitCode({"--version"}), 0);
}

}  // namespace
}  // namespace tailcast
