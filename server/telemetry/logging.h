#ifndef TAILCAST_SERVER_TELEMETRY_LOGGING_H_
#define TAILCAST_SERVER_TELEMETRY_LOGGING_H_

#include <cstdint>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tailcast::telemetry {

enum class LogFormat { kText, kJson };
enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct LogOptions {
  LogFormat format = LogFormat::kText;
  LogLevel level = LogLevel::kInfo;
};

// "text", "json"; "debug", "info", "warning", "error". INVALID_ARGUMENT lists them.
absl::StatusOr<LogFormat> LogFormatFromName(absl::string_view name);
absl::StatusOr<LogLevel> LogLevelFromName(absl::string_view name);

using LogValue = std::variant<std::string, int64_t, double, bool>;
struct LogField {
  absl::string_view name;
  LogValue value;
};

// Logging of the whole process to standard error, gRPC's own messages included. Call once, before
// the first server; without it only warnings and errors appear, as text.
void StartLogging(const LogOptions& options);

// Asks for what waits to be written. Lines are written by a thread of their own: Log() never waits
// for the disk or a pipe, and drops the oldest lines if they come faster than they can be written.
// How many is logged ("log lines dropped", count), at most once a second and after FlushLogs().
void FlushLogs();

// One line: message and fields, as `message name=value` or as members of a JSON object. Any thread.
void Log(LogLevel level, absl::string_view message, absl::Span<const LogField> fields = {});

// The text of one line without time and level: for tests, and for Log() itself.
std::string FormatLogLine(LogFormat format, absl::string_view message,
                          absl::Span<const LogField> fields);

}  // namespace tailcast::telemetry

#endif  // TAILCAST_SERVER_TELEMETRY_LOGGING_H_
