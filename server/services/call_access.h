#ifndef TAILCAST_SERVER_SERVICES_CALL_ACCESS_H_
#define TAILCAST_SERVER_SERVICES_CALL_ACCESS_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpcpp/server_context.h"
#include "server/telemetry/access_log.h"

namespace tailcast::services {

// A record of a call that begins now.
telemetry::AccessRecord BeginAccess(std::string method, const grpc::CallbackServerContext& context);

// Completes the record and writes it.
void EndAccess(const absl::Status& status, telemetry::AccessRecord& record);

// INVALID_ARGUMENT if a request of `bytes` is larger than rpc::kMaxRequestBytes.
absl::Status CheckRequestSize(size_t bytes);

// The caller's; InfiniteFuture() if it set none.
absl::Time DeadlineOf(const grpc::CallbackServerContext& context);

}  // namespace tailcast::services

#endif  // TAILCAST_SERVER_SERVICES_CALL_ACCESS_H_
