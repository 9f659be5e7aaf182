#include "server/services/call_access.h"

#include <chrono>
#include <utility>

#include "absl/time/clock.h"
#include "server/rpc/errors.h"
#include "server/rpc/status_conversion.h"

namespace tailcast::services {

telemetry::AccessRecord BeginAccess(std::string method,
                                    const grpc::CallbackServerContext& context) {
  return {.method = std::move(method), .peer = context.peer(), .start = absl::Now()};
}

void EndAccess(const absl::Status& status, telemetry::AccessRecord& record) {
  record.code = absl::StatusCodeToString(status.code());
  record.reason = rpc::ErrorReasonOf(status);
  telemetry::LogAccess(record, absl::Now());
}

absl::Time DeadlineOf(const grpc::CallbackServerContext& context) {
  const std::chrono::system_clock::time_point deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return absl::InfiniteFuture();
  return absl::FromChrono(deadline);
}

}  // namespace tailcast::services
