#include "server/flags.h"

#include <torch/version.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
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
  double grace_seconds = 30.0;
  double idle_seconds = 600.0;
  double poll_seconds = 2.0;
  std::string log_format = "text";
  std::string log_level = "info";
};

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
  constexpr int64_t kMaxCount = std::numeric_limits<int64_t>::max();
  AddFlag(app, "repository", server.catalog.repository, "Folder of the bundles")->required();
  AddFlag(app, "listen", server.listen, "HOST:PORT; port 0 takes a free one");
  AddFlag(app, "workers", server.engine.num_workers, "Compute threads, one processor each")
      ->check(CLI::Range(1, kMaxWorkers));
  AddFlag(app, "max-streams", server.limits.max_streams, "Streams open at once")
      ->check(CLI::Range(int64_t{1}, kMaxCount));
  AddFlag(app, "max-streams-per-caller", server.limits.max_streams_per_caller,
          "Streams open at once of one host")
      ->check(CLI::Range(int64_t{1}, kMaxCount));
  AddFlag(app, "idle-timeout", raw.idle_seconds,
          "Seconds that a client may leave a message of its stream unread")
      ->check(CLI::Range(0.1, kMaxSeconds));
  AddFlag(app, "max-queued-rows", server.engine.max_queued_rows,
          "New calls are refused while more rows wait")
      ->check(CLI::Range(int64_t{1}, kMaxCount));
  AddFlag(app, "max-queued-tasks", server.engine.max_queued_tasks,
          "Encode, and the first call of a sampler, are refused while so many of them wait")
      ->check(CLI::Range(int64_t{1}, kMaxCount));
  AddFlag(app, "max-loaded-versions", server.catalog.max_loaded_versions,
          "Versions kept in memory beside the highest and the labelled ones")
      ->check(CLI::Range(int64_t{1}, kMaxCount));
  AddFlag(app, "grace", raw.grace_seconds, "Seconds that running calls get at shutdown")
      ->check(CLI::Range(0.0, kMaxSeconds));
  AddFlag(app, "poll-interval", raw.poll_seconds, "Seconds between looks at the repository")
      ->check(CLI::Range(0.05, kMaxSeconds));
  AddFlag(app, "log-format", raw.log_format, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
  AddFlag(app, "log-level", raw.log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
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

// The environment as flags before those of the command line: CLI11 itself would let a file overrule
// it. Last first, as CLI11 takes them.
std::vector<std::string> Arguments(const CLI::App& app, int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  for (const CLI::Option* const option : app.get_options()) {
    const std::string variable = option->get_envname();
    const char* const value = variable.empty() ? nullptr : std::getenv(variable.c_str());
    if (value != nullptr) {
      arguments.insert(arguments.begin(), absl::StrCat(option->get_name(), "=", value));
    }
  }
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

}  // namespace

std::variant<ServerFlags, int> ParseServerFlags(int argc, const char* const* argv) {
  CLI::App app(kDescription, "tailcastd");
  app.footer(kFooter);
  app.set_version_flag(
      "--version", absl::StrCat("tailcastd ", kBuildInfo.version, " (commit ", kBuildInfo.commit,
                                ", LibTorch ", TORCH_VERSION, ")"));
  app.set_config("--config", "", "File of flags, INI or TOML")
      ->envname("TAILCASTD_CONFIG")
      ->take_last();
  app.allow_config_extras(CLI::config_extras_mode::error);
  RawFlags raw;
  raw.flags.server.engine.num_workers = AvailableCpuCount();
  AddFlags(app, raw);
  // CLI11 reports by exceptions.
  try {
    app.parse(Arguments(app, argc, argv));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kWrongUsage;
  }
  return ToServerFlags(std::move(raw));
}

}  // namespace tailcast
