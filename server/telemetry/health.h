#ifndef TAILCAST_SERVER_TELEMETRY_HEALTH_H_
#define TAILCAST_SERVER_TELEMETRY_HEALTH_H_

#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/health_check_service_interface.h"

namespace tailcast::telemetry {

// Readiness for grpc.health.v1: of the server ("") and of each bundle name ("bundles/NAME").
// Remembers what is said before there is a server to tell, so that parts may report while they are
// built. Any thread.
class Health {
 public:
  // From now on changes reach `service`, which must outlive this object or Detach().
  void Attach(grpc::HealthCheckServiceInterface* service) ABSL_LOCKS_EXCLUDED(mu_);
  void Detach() ABSL_LOCKS_EXCLUDED(mu_);

  // `service` is "" or "bundles/NAME".
  void Set(const std::string& service, bool serving) ABSL_LOCKS_EXCLUDED(mu_);

  // Everything is NOT_SERVING from now on, whatever is said later.
  void BeginDrain() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  absl::Mutex mu_;
  grpc::HealthCheckServiceInterface* service_ ABSL_GUARDED_BY(mu_) = nullptr;
  std::map<std::string, bool> serving_ ABSL_GUARDED_BY(mu_) = {{"", false}};
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace tailcast::telemetry

#endif  // TAILCAST_SERVER_TELEMETRY_HEALTH_H_
