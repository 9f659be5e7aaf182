#include "server/services/feature_service.h"

#include "server/services/encode_call.h"
#include "server/services/estimate_call.h"
#include "server/services/generate_call.h"

namespace tailcast::services {

grpc::ServerWriteReactor<grpc::ByteBuffer>* FeatureService::Generate(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  return GenerateCall::Start(parts_, programs_, *context, *request);
}

grpc::ServerUnaryReactor* FeatureService::Encode(grpc::CallbackServerContext* context,
                                                 const v1::EncodeRequest* request,
                                                 v1::EncodeResponse* response) {
  return EncodeCall::Start(parts_, *context, *request, response);
}

grpc::ServerUnaryReactor* FeatureService::Estimate(grpc::CallbackServerContext* context,
                                                   const v1::EstimateRequest* request,
                                                   v1::EstimateResponse* response) {
  return EstimateCall::Start(parts_, programs_, *context, *request, response);
}

}  // namespace tailcast::services
