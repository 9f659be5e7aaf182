#include "server/services/call_access.h"

#include <chrono>
#include <utility>

#include "absl/time/clock.h"
#include "grpcpp/server_context.h"
#include "server/rpc/errors.h"
#include "server/rpc/limits.h"
#include "server/rpc/status_conversion.h"

namespace tailcast::services {

telemetry::AccessRecord BeginAccess(std::string method,
                                    const grpc::CallbackServerContext& context) {
  telemetry::AccessRecord record;
  record.method = std::move(method);
  record.peer = context.peer();
  record.start = absl::Now();
  return record;
}

void EndAccess(const absl::Status& status, telemetry::AccessRecord& record) {
  record.code = absl::StatusCodeToString(status.code());
  record.reason = rpc::ErrorReasonOf(status);
  telemetry::LogAccess(record, absl::Now());
}

absl::Status CheckRequestSize(size_t bytes) {
  const auto size = static_cast<int64_t>(bytes);
  return size <= rpc::kMaxRequestBytes ? absl::OkStatus() : rpc::RequestTooLarge(size);
}

absl::Time DeadlineOf(const grpc::CallbackServerContext& context) {
  const std::chrono::system_clock::time_point deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return absl::InfiniteFuture();
  return absl::FromChrono(deadline);
}

}  // namespace tailcast::services
