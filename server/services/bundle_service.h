#ifndef TAILCAST_SERVER_SERVICES_BUNDLE_SERVICE_H_
#define TAILCAST_SERVER_SERVICES_BUNDLE_SERVICE_H_

#include "proto/tailcast/v1/bundle_service.grpc.pb.h"
#include "server/services/service_parts.h"

namespace tailcast::services {

// Looks up what the catalog knows; every call is answered in its reaction. Stateless; thread-safe.
class BundleService final : public v1::BundleService::CallbackService {
 public:
  explicit BundleService(const ServiceParts& parts) : parts_(parts) {}

  grpc::ServerUnaryReactor* ListBundles(grpc::CallbackServerContext* context,
                                        const v1::ListBundlesRequest* request,
                                        v1::ListBundlesResponse* response) override;
  grpc::ServerUnaryReactor* GetBundle(grpc::CallbackServerContext* context,
                                      const v1::GetBundleRequest* request,
                                      v1::Bundle* response) override;
  grpc::ServerUnaryReactor* ListLabels(grpc::CallbackServerContext* context,
                                       const v1::ListLabelsRequest* request,
                                       v1::ListLabelsResponse* response) override;

 private:
  const ServiceParts parts_;
};

}  // namespace tailcast::services

#endif  // TAILCAST_SERVER_SERVICES_BUNDLE_SERVICE_H_
