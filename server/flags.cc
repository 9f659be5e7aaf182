#include "server/flags.h"

#include <torch/version.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "core/base/build_info.h"
#include "core/base/cpu_count.h"

namespace tailcast {
namespace {

constexpr char kDescription[] =
    "Serves the bundles of a repository over gRPC: streams generated features, encodes images.";

constexpr char kFooter[] =
    "Every flag can also come from the environment (TAILCASTD_MAX_STREAMS=64 for --max-streams) "
    "and\n"
    "from a file (--config; `max-streams = 64`). The command line wins, then the environment.\n"
    "SIGTERM or SIGINT drains and exits 0; a second one ends the program at once.\n"
    "\n"
    "Example:\n"
    "  tailcastd --repository ./repository --listen 127.0.0.1:50071 --log-format json\n";

constexpr int kWrongUsage = 2;
constexpr int kMaxWorkers = 1024;
constexpr double kMaxSeconds = 86400.0;

// What CLI11 writes into; turned into ServerFlags at the end.
struct RawFlags {
  ServerFlags flags;
  std::string config;
  double grace_seconds = 30.0;
  double idle_seconds = 600.0;
  double poll_seconds = 2.0;
  std::string log_format = "text";
  std::string log_level = "info";
};

std::string Wrong(const std::string& value, absl::string_view expected) {
  return absl::StrCat("'", value, "'; expected ", expected);
}

// Numbers in [min, max], as the flag's type reads them.
template <typename Number>
CLI::Validator InRange(Number min, Number max = std::numeric_limits<Number>::max()) {
  const bool is_open = max == std::numeric_limits<Number>::max();
  const std::string range =
      is_open ? absl::StrCat("of at least ", min) : absl::StrCat("in [", min, ", ", max, "]");
  const std::string expected =
      absl::StrCat(std::is_integral_v<Number> ? "a whole number " : "a number ", range);
  return CLI::Validator(
      [min, max, expected](std::string& text) {
        Number value = {};
        // Written so that NaN is refused.
        const bool fits = CLI::detail::lexical_cast(text, value) && value >= min && value <= max;
        return fits ? std::string() : Wrong(text, expected);
      },
      range);
}

CLI::Validator OneOf(std::vector<std::string> names) {
  const std::string expected = absl::StrJoin(names, ", ");
  return CLI::Validator(
      [names = std::move(names), expected](std::string& text) {
        const bool known = std::find(names.begin(), names.end(), text) != names.end();
        return known ? std::string() : Wrong(text, absl::StrCat("one of ", expected));
      },
      "");
}

CLI::Validator ListenAddress() {
  return CLI::Validator(
      [](std::string& text) {
        return IsListenAddress(text) ? std::string() : Wrong(text, kListenForm);
      },
      "");
}

// Adds `--name` with the environment variable of the same name.
template <typename Value>
CLI::Option* AddFlag(CLI::App& app, const std::string& name, Value& value,
                     const std::string& help) {
  const std::string variable =
      absl::StrCat("TAILCASTD_", absl::AsciiStrToUpper(absl::StrReplaceAll(name, {{"-", "_"}})));
  return app.add_option("--" + name, value, help)
      ->envname(variable)
      ->take_last()
      ->capture_default_str();
}

void AddFlags(CLI::App& app, RawFlags& raw) {
  ServerOptions& server = raw.flags.server;
  AddFlag(app, "repository", server.catalog.repository, "Folder of the bundles");
  AddFlag(app, "listen", server.listen, "HOST:PORT; port 0 takes a free one")
      ->check(ListenAddress());
  AddFlag(app, "workers", server.engine.num_workers, "Compute threads, one processor each")
      ->check(InRange(1, kMaxWorkers));
  AddFlag(app, "max-streams", server.limits.max_streams, "Streams open at once")
      ->check(InRange(int64_t{1}));
  AddFlag(app, "max-streams-per-caller", server.limits.max_streams_per_caller,
          "Streams open at once of one host")
      ->check(InRange(int64_t{1}));
  AddFlag(app, "idle-timeout", raw.idle_seconds,
          "Seconds that a client may leave a message of its stream unread")
      ->check(InRange(0.1, kMaxSeconds));
  AddFlag(app, "max-queued-rows", server.engine.max_queued_rows,
          "New calls are refused while more rows wait")
      ->check(InRange(int64_t{1}));
  AddFlag(app, "max-queued-tasks", server.engine.max_queued_tasks,
          "Encode, and the first call of a sampler, are refused while so many of them wait")
      ->check(InRange(int64_t{1}));
  AddFlag(app, "max-loaded-versions", server.catalog.max_loaded_versions,
          "Versions kept in memory beside the highest and the labelled ones")
      ->check(InRange(int64_t{1}));
  AddFlag(app, "grace", raw.grace_seconds, "Seconds that running calls get at shutdown")
      ->check(InRange(0.0, kMaxSeconds));
  AddFlag(app, "poll-interval", raw.poll_seconds, "Seconds between looks at the repository")
      ->check(InRange(0.05, kMaxSeconds));
  AddFlag(app, "log-format", raw.log_format, "text or json")->check(OneOf({"text", "json"}));
  AddFlag(app, "log-level", raw.log_level, "debug, info, warning or error")
      ->check(OneOf({"debug", "info", "warning", "error"}));
}

ServerFlags ToServerFlags(RawFlags raw) {
  ServerFlags flags = std::move(raw.flags);
  flags.grace = absl::Seconds(raw.grace_seconds);
  flags.server.limits.idle_timeout = absl::Seconds(raw.idle_seconds);
  flags.server.catalog.poll_interval = absl::Seconds(raw.poll_seconds);
  // The names were checked above.
  flags.log.format = telemetry::LogFormatFromName(raw.log_format).value_or(flags.log.format);
  flags.log.level = telemetry::LogLevelFromName(raw.log_level).value_or(flags.log.level);
  return flags;
}

// A parser of all flags, for one parse.
struct Parser {
  // kArguments: the file of --config stays unread, and nothing is required.
  enum class Scope { kArguments, kFileToo, kEverything };

  explicit Parser(Scope scope);

  // CLI11 takes the last argument first, and reports by exceptions.
  void Parse(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());
    app.parse(std::move(arguments));
  }

  CLI::App app{kDescription, "tailcastd"};
  RawFlags raw;
};

Parser::Parser(Scope scope) {
  app.footer(kFooter);
  app.set_version_flag(
      "--version", absl::StrCat("tailcastd ", kBuildInfo.version, " (commit ", kBuildInfo.commit,
                                ", LibTorch ", TORCH_VERSION, ")"));
  constexpr char kConfigHelp[] = "File of flags, INI or TOML";
  CLI::Option* const config = scope == Scope::kArguments
                                  ? app.add_option("--config", raw.config, kConfigHelp)
                                  : app.set_config("--config", "", kConfigHelp);
  config->envname("TAILCASTD_CONFIG")->take_last();
  app.allow_config_extras(CLI::config_extras_mode::error);
  raw.flags.server.engine.num_workers = AvailableCpuCount();
  AddFlags(app, raw);
  if (scope == Scope::kEverything) {
    app.get_option("--repository")->required();
    return;
  }
  // CLI11 reads the environment by itself.
  for (CLI::Option* const option : app.get_options()) option->envname("");
}

// A variable of the environment as a flag. CLI11 itself would let a file overrule it.
struct Variable {
  std::string name;
  std::string argument;
};

// An empty variable is as good as none.
std::vector<Variable> Environment() {
  const Parser parser(Parser::Scope::kEverything);
  std::vector<Variable> variables;
  for (const CLI::Option* const option : parser.app.get_options()) {
    const std::string name = option->get_envname();
    const char* const value = name.empty() ? nullptr : std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') continue;
    variables.push_back({name, absl::StrCat(option->get_name(), "=", value)});
  }
  return variables;
}

// What is wrong with a flag, or with something else.
struct Fault {
  std::string flag;  // "--workers", or empty
  std::string text;
};

Fault ToFault(const CLI::ParseError& error) {
  const std::string text = error.what();
  // As CLI11 builds the texts of both.
  if (const size_t colon = text.find(": ");
      error.get_name() == "ValidationError" && colon != std::string::npos) {
    return {.flag = text.substr(0, colon), .text = text.substr(colon + 2)};
  }
  if (absl::string_view name = text; absl::ConsumePrefix(&name, "INI was not able to parse ")) {
    return {.flag = "", .text = absl::StrCat("'", name, "' is no flag; --help lists them")};
  }
  if (error.get_name() == "FileError") return {.flag = "", .text = "the file cannot be read"};
  return {.flag = "", .text = text};
}

// What is wrong with arguments by themselves.
std::optional<Fault> FindFault(std::vector<std::string> arguments, Parser::Scope scope) {
  Parser parser(scope);
  try {
    parser.Parse(std::move(arguments));
  } catch (const CLI::Success&) {  // --help
  } catch (const CLI::ParseError& error) {
    return ToFault(error);
  }
  return std::nullopt;
}

// The file that arguments, sound by themselves, name; empty if none.
std::string ConfigOf(std::vector<std::string> arguments) {
  Parser parser(Parser::Scope::kArguments);
  try {
    parser.Parse(std::move(arguments));
  } catch (const CLI::ParseError&) {  // --help
  }
  return parser.raw.config;
}

std::string Sentence(absl::string_view subject, absl::string_view text) {
  return subject.empty() ? std::string(text) : absl::StrCat(subject, " ", text);
}

// Where the fault of all sources together comes from, and what it is.
std::string Explain(const CLI::ParseError& error, const std::vector<Variable>& environment,
                    const std::vector<std::string>& command_line) {
  if (const auto fault = FindFault(command_line, Parser::Scope::kArguments)) {
    return Sentence(fault->flag, fault->text);
  }
  std::vector<std::string> arguments;
  for (const Variable& variable : environment) {
    const auto fault = FindFault({variable.argument}, Parser::Scope::kArguments);
    if (fault.has_value()) return Sentence(variable.name, fault->text);
    arguments.push_back(variable.argument);
  }
  arguments.insert(arguments.end(), command_line.begin(), command_line.end());
  const std::string config = ConfigOf(std::move(arguments));
  const auto fault = FindFault({absl::StrCat("--config=", config)}, Parser::Scope::kFileToo);
  if (config.empty() || !fault.has_value()) return error.what();
  return absl::StrCat("--config ", config, ": ",
                      Sentence(absl::StripPrefix(fault->flag, "--"), fault->text));
}

// The first "--flag=" without a value; CLI11 would take the next word as it.
std::optional<std::string> FindEmptyValue(const std::vector<std::string>& command_line) {
  for (const std::string& word : command_line) {
    if (word == "--") break;
    if (absl::StartsWith(word, "--") && word.find('=') + 1 == word.size()) return word;
  }
  return std::nullopt;
}

int WrongUsage(const std::string& fault) {
  std::fprintf(stderr, "tailcastd: %s\nRun with --help for more information.\n", fault.c_str());
  return kWrongUsage;
}

}  // namespace

std::variant<ServerFlags, int> ParseServerFlags(int argc, const char* const* argv) {
  const std::vector<std::string> command_line(argv + 1, argv + argc);
  if (const auto word = FindEmptyValue(command_line)) {
    return WrongUsage(absl::StrCat(*word, " has no value; expected ", *word, "VALUE"));
  }
  const std::vector<Variable> environment = Environment();
  std::vector<std::string> arguments;
  for (const Variable& variable : environment) arguments.push_back(variable.argument);
  arguments.insert(arguments.end(), command_line.begin(), command_line.end());
  Parser parser(Parser::Scope::kEverything);
  try {
    parser.Parse(std::move(arguments));
  } catch (const CLI::Success& done) {
    return parser.app.exit(done);
  } catch (const CLI::ParseError& error) {
    return WrongUsage(Explain(error, environment, command_line));
  }
  return ToServerFlags(std::move(parser.raw));
}

}  // namespace tailcast
