#ifndef TAILCAST_SERVER_SERVICES_ENCODE_CALL_H_
#define TAILCAST_SERVER_SERVICES_ENCODE_CALL_H_

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/support/server_callback.h"
#include "proto/tailcast/v1/feature_service.pb.h"
#include "server/bundles/served_bundle.h"
#include "server/convert/encode_request.h"
#include "server/engine/work.h"
#include "server/rpc/call_registry.h"
#include "server/rpc/unary_call.h"
#include "server/services/service_parts.h"
#include "server/telemetry/access_log.h"

namespace tailcast::services {

// One call of Encode: the images go through the encoder on a worker.
class EncodeCall final : public rpc::UnaryCall<v1::EncodeResponse> {
 public:
  // Starts the call; it owns itself until gRPC is done with it.
  static grpc::ServerUnaryReactor* Start(const ServiceParts& parts,
                                         const grpc::CallbackServerContext& context,
                                         const v1::EncodeRequest& request,
                                         v1::EncodeResponse* response);

  // Use Start(): public for std::make_shared.
  EncodeCall(const ServiceParts& parts, const grpc::CallbackServerContext& context,
             v1::EncodeResponse* response);

 private:
  // Everything up to the work: an error ends the call.
  absl::Status Open(const v1::EncodeRequest& request);
  // On a worker's thread.
  absl::StatusOr<v1::EncodeResponse> Encode(const std::string& images) const;
  void OnOver(const absl::Status& status) override;

  const ServiceParts parts_;
  const engine::CallContext context_;
  // Written by Open(), before any other thread knows of the call.
  std::optional<rpc::CallRegistry::Ticket> ticket_;
  std::shared_ptr<const bundles::ServedBundle> bundle_;
  convert::EncodeOptions options_;
  telemetry::AccessRecord access_;
};

}  // namespace tailcast::services

#endif  // TAILCAST_SERVER_SERVICES_ENCODE_CALL_H_
