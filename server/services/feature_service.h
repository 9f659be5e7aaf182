#ifndef TAILCAST_SERVER_SERVICES_FEATURE_SERVICE_H_
#define TAILCAST_SERVER_SERVICES_FEATURE_SERVICE_H_

#include "proto/tailcast/v1/feature_service.grpc.pb.h"
#include "server/services/program_source.h"
#include "server/services/service_parts.h"

namespace tailcast::services {

// Generate is a raw method: its messages are laid out by hand (convert/chunk_message.h).
using FeatureServiceBase = v1::FeatureService::WithRawCallbackMethod_Generate<
    v1::FeatureService::WithCallbackMethod_Encode<
        v1::FeatureService::WithCallbackMethod_Estimate<v1::FeatureService::Service>>>;

// Makes one call object per call. Thread-safe; must outlive the scheduler's workers.
class FeatureService final : public FeatureServiceBase {
 public:
  explicit FeatureService(const ServiceParts& parts) : parts_(parts), programs_(parts.scheduler) {}

  grpc::ServerWriteReactor<grpc::ByteBuffer>* Generate(grpc::CallbackServerContext* context,
                                                       const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* Encode(grpc::CallbackServerContext* context,
                                   const v1::EncodeRequest* request,
                                   v1::EncodeResponse* response) override;
  grpc::ServerUnaryReactor* Estimate(grpc::CallbackServerContext* context,
                                     const v1::EstimateRequest* request,
                                     v1::EstimateResponse* response) override;

 private:
  const ServiceParts parts_;
  ProgramSource programs_;
};

}  // namespace tailcast::services

#endif  // TAILCAST_SERVER_SERVICES_FEATURE_SERVICE_H_
