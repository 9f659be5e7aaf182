#include "server/telemetry/logging.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "grpc/support/log.h"
#include "nlohmann/json.hpp"
#include "spdlog/async.h"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"

namespace tailcast::telemetry {
namespace {

// Lines that may wait for the writer.
constexpr size_t kQueueLines = 8192;

// UTC, so that lines of several machines can be merged.
constexpr char kTextPattern[] = "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
// The line itself continues the object.
constexpr char kJsonPattern[] = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";

std::atomic<LogFormat> format_in_use{LogFormat::kText};

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

nlohmann::json ToJson(const LogValue& value) {
  return std::visit([](const auto& held) { return nlohmann::json(held); }, value);
}

std::string Dump(const nlohmann::json& json) {
  using ErrorHandler = nlohmann::json::error_handler_t;
  return json.dump(-1, ' ', /*ensure_ascii=*/false, ErrorHandler::replace);
}

// Bare where a reader can see its end, else in quotes.
std::string ToText(const LogValue& value) {
  const auto* const text = std::get_if<std::string>(&value);
  if (text == nullptr) return Dump(ToJson(value));
  const bool bare = !text->empty() && text->find_first_of(" \"\\=\n\r\t") == std::string::npos;
  return bare ? *text : Dump(*text);
}

void LogGrpcMessage(gpr_log_func_args* args) {
  LogLevel level = LogLevel::kInfo;
  if (args->severity == GPR_LOG_SEVERITY_DEBUG) level = LogLevel::kDebug;
  if (args->severity == GPR_LOG_SEVERITY_ERROR) level = LogLevel::kError;
  Log(level, "grpc", {{"text", std::string(args->message)}});
}

using Stderr = spdlog::sinks::stderr_sink_mt;

// Standard error, and in between how many lines never came so far. Runs on the writer's thread.
class CountingSink final : public Stderr {
 public:
  CountingSink(LogFormat format, const std::shared_ptr<spdlog::details::thread_pool>& writer)
      : format_(format), writer_(writer) {}

  void log(const spdlog::details::log_msg& line) override {
    if (line.time >= last_report_ + kReportInterval) ReportDropped();
    Stderr::log(line);
  }
  void flush() override {
    ReportDropped();
    Stderr::flush();
  }

 private:
  static constexpr std::chrono::seconds kReportInterval{1};

  void ReportDropped() {
    const auto writer = writer_.lock();
    if (writer == nullptr) return;
    const size_t dropped = writer->overrun_counter();
    const size_t count = dropped - std::exchange(reported_, dropped);
    if (count == 0) return;
    const std::string text =
        FormatLogLine(format_, "log lines dropped", {{"count", static_cast<int64_t>(count)}});
    const spdlog::details::log_msg line("tailcast", spdlog::level::warn, text);
    last_report_ = line.time;
    Stderr::log(line);
  }

  const LogFormat format_;
  // The writer owns the lines, and with them the sink.
  const std::weak_ptr<spdlog::details::thread_pool> writer_;
  size_t reported_ = 0;
  spdlog::log_clock::time_point last_report_;
};

std::shared_ptr<spdlog::logger> MakeLogger(const LogOptions& options) {
  spdlog::init_thread_pool(kQueueLines, /*threads_n=*/1);
  constexpr auto kOverflow = spdlog::async_overflow_policy::overrun_oldest;
  auto logger = std::make_shared<spdlog::async_logger>(
      "tailcast", std::make_shared<CountingSink>(options.format, spdlog::thread_pool()),
      spdlog::thread_pool(), kOverflow);
  logger->set_pattern(options.format == LogFormat::kJson ? kJsonPattern : kTextPattern,
                      spdlog::pattern_time_type::utc);
  logger->set_level(ToSpdlog(options.level));
  return logger;
}

// What the process starts with: synchronous, for programs and tests that never call StartLogging().
spdlog::logger& DefaultLogger() {
  static const auto& logger = *[] {
    auto made = std::make_shared<spdlog::logger>("tailcast",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern(kTextPattern, spdlog::pattern_time_type::utc);
    made->set_level(spdlog::level::warn);
    return new std::shared_ptr<spdlog::logger>(std::move(made));
  }();
  return *logger;
}

std::atomic<spdlog::logger*> started_logger{nullptr};

spdlog::logger& Logger() {
  spdlog::logger* const started = started_logger.load(std::memory_order_acquire);
  return started != nullptr ? *started : DefaultLogger();
}

}  // namespace

absl::StatusOr<LogFormat> LogFormatFromName(absl::string_view name) {
  if (name == "text") return LogFormat::kText;
  if (name == "json") return LogFormat::kJson;
  return absl::InvalidArgumentError(
      absl::StrCat("log format is \"", absl::CHexEscape(name), "\"; expected text or json"));
}

absl::StatusOr<LogLevel> LogLevelFromName(absl::string_view name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "info") return LogLevel::kInfo;
  if (name == "warning") return LogLevel::kWarning;
  if (name == "error") return LogLevel::kError;
  return absl::InvalidArgumentError(absl::StrCat("log level is \"", absl::CHexEscape(name),
                                                 "\"; expected debug, info, warning or error"));
}

void StartLogging(const LogOptions& options) {
  // Loggers stay until the process ends: gRPC's threads may still log while it does.
  static auto& loggers = *new std::vector<std::shared_ptr<spdlog::logger>>;
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  loggers.push_back(MakeLogger(options));
  format_in_use = options.format;
  started_logger.store(loggers.back().get(), std::memory_order_release);
  gpr_set_log_function(LogGrpcMessage);
}

void FlushLogs() { Logger().flush(); }

void Log(LogLevel level, absl::string_view message, absl::Span<const LogField> fields) {
  spdlog::logger& logger = Logger();
  if (!logger.should_log(ToSpdlog(level))) return;
  const std::string line = FormatLogLine(format_in_use, message, fields);
  logger.log(ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

std::string FormatLogLine(LogFormat format, absl::string_view message,
                          absl::Span<const LogField> fields) {
  if (format == LogFormat::kText) {
    std::string line(message);
    for (const LogField& field : fields) {
      absl::StrAppend(&line, " ", field.name, "=", ToText(field.value));
    }
    return line;
  }
  std::string line = absl::StrCat("\"message\":", Dump(std::string(message)));
  for (const LogField& field : fields) {
    absl::StrAppend(&line, ",", Dump(std::string(field.name)), ":", Dump(ToJson(field.value)));
  }
  return line;
}

}  // namespace tailcast::telemetry
