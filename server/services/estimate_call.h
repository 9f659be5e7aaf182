#ifndef TAILCAST_SERVER_SERVICES_ESTIMATE_CALL_H_
#define TAILCAST_SERVER_SERVICES_ESTIMATE_CALL_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "grpcpp/support/server_callback.h"
#include "proto/tailcast/v1/feature_service.pb.h"
#include "server/engine/shared_program.h"
#include "server/rpc/call_registry.h"
#include "server/rpc/unary_call.h"
#include "server/services/prepared_stream.h"
#include "server/services/program_source.h"
#include "server/services/service_parts.h"
#include "server/telemetry/access_log.h"

namespace tailcast::services {

// One call of Estimate. A sampler that was never asked for is compiled first, on a worker.
class EstimateCall final : public rpc::UnaryCall<v1::EstimateResponse> {
 public:
  // Starts the call; it owns itself until gRPC is done with it.
  static grpc::ServerUnaryReactor* Start(const ServiceParts& parts, ProgramSource& programs,
                                         const grpc::CallbackServerContext& context,
                                         const v1::EstimateRequest& request,
                                         v1::EstimateResponse* response);

  // Use Start(): public for std::make_shared.
  EstimateCall(const ServiceParts& parts, const grpc::CallbackServerContext& context,
               v1::EstimateResponse* response);

 private:
  // Everything up to the program: an error ends the call.
  absl::Status Open(const v1::EstimateRequest& request, ProgramSource& programs);
  v1::EstimateResponse Estimate(const engine::SharedProgram& program) const;
  void OnOver(const absl::Status& status) override;

  const ServiceParts parts_;
  const std::string caller_;
  // Written by Open(), before any other thread knows of the call.
  std::optional<rpc::CallRegistry::Ticket> ticket_;
  std::optional<PreparedStream> prepared_;
  telemetry::AccessRecord access_;
};

}  // namespace tailcast::services

#endif  // TAILCAST_SERVER_SERVICES_ESTIMATE_CALL_H_
