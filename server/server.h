#ifndef TAILCAST_SERVER_SERVER_H_
#define TAILCAST_SERVER_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/server.h"
#include "server/bundles/catalog.h"
#include "server/engine/tile_scheduler.h"
#include "server/rpc/call_registry.h"
#include "server/services/bundle_service.h"
#include "server/services/feature_service.h"
#include "server/telemetry/health.h"

namespace tailcast {

struct ServerOptions {
  // HOST:PORT; port 0 takes a free one.
  std::string listen = "127.0.0.1:50071";
  bundles::CatalogOptions catalog;
  engine::SchedulerOptions engine;
  rpc::CallLimits limits;
};

// The gRPC server with all its parts, in order of construction: what is used stands above its
// users. Thread-safe.
class Server {
 public:
  // Listens when it returns; bundles are loaded meanwhile. NOT_FOUND or INVALID_ARGUMENT: no
  // repository, or no such form of address; UNAVAILABLE: cannot listen there.
  static absl::StatusOr<std::unique_ptr<Server>> Create(ServerOptions options);

  // As Shutdown() without grace.
  ~Server();

  int port() const { return port_; }
  // HOST:PORT with the port that was taken.
  std::string address() const;

  // Readiness goes first; then new calls are refused, running streams end at a chunk boundary, all
  // with UNAVAILABLE; other calls may end by themselves within `grace`, and are cancelled after it.
  // A bundle that is being loaded is given up. Returns when no thread of the server runs any more.
  // Call once.
  void Shutdown(absl::Duration grace);

  // For tests and logs.
  engine::SchedulerCounters counters() const { return scheduler_.counters(); }
  int64_t living_calls() const { return calls_.living(); }

 private:
  explicit Server(ServerOptions options);

  absl::Status Start();
  absl::Status OpenCatalog();
  absl::Status Listen();
  void ReportCounters() ABSL_LOCKS_EXCLUDED(report_mu_);
  void LogCounters() const;

  const ServerOptions options_;
  telemetry::Health health_;
  rpc::CallRegistry calls_;
  engine::TileScheduler scheduler_;
  std::unique_ptr<bundles::Catalog> catalog_;
  std::unique_ptr<services::FeatureService> feature_service_;
  std::unique_ptr<services::BundleService> bundle_service_;
  std::unique_ptr<grpc::Server> grpc_server_;
  int port_ = 0;

  absl::Mutex report_mu_;
  bool stop_reporting_ ABSL_GUARDED_BY(report_mu_) = false;
  std::thread reporter_;
};

// What ServerOptions::listen has to look like.
inline constexpr char kListenForm[] = "HOST:PORT with a port in [0, 65535]";
bool IsListenAddress(absl::string_view listen);

// True if only this machine can reach HOST:PORT: an IPv4 address in 127/8, [::1] or localhost.
bool IsLoopback(absl::string_view listen);

}  // namespace tailcast

#endif  // TAILCAST_SERVER_SERVER_H_
