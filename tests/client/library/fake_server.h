#ifndef TAILCAST_TESTS_CLIENT_LIBRARY_FAKE_SERVER_H_
#define TAILCAST_TESTS_CLIENT_LIBRARY_FAKE_SERVER_H_

#include <grpcpp/server.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>
#include <grpcpp/support/sync_stream.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "core/contract/shard.h"
#include "proto/tailcast/v1/bundle_service.grpc.pb.h"
#include "proto/tailcast/v1/error_reason.pb.h"
#include "proto/tailcast/v1/feature_service.grpc.pb.h"
#include "tests/client/library/fake_table.h"

namespace tailcast::client {

// One call as its script sees it.
struct FakeCall {
  const v1::GenerateRequest& request;
  grpc::ServerWriter<v1::GenerateResponse>& writer;
  grpc::ServerContext& context;
  // 0 for the first call of the server.
  int number = 0;

  // Position 0 of these is the first row that was asked for.
  ShardRows rows() const;
  void SendHeader(const v1::GenerateHeader& header);
  void SendSummary(const v1::GenerateSummary& summary);
};

using FakeScript = std::function<grpc::Status(FakeCall&)>;

// Describes one bundle, by whatever name it is asked for.
class FakeBundleService final : public v1::BundleService::Service {
 public:
  grpc::Status GetBundle(grpc::ServerContext* context, const v1::GetBundleRequest* request,
                         v1::Bundle* response) override;

  // NOT_FOUND before it is set.
  v1::Bundle bundle;
};

// A real gRPC server on loopback whose Generate does what a test's script says.
class FakeServer final : private v1::FeatureService::Service {
 public:
  // `port` 0 takes a free one.
  explicit FakeServer(FakeScript script, int port = 0);
  ~FakeServer() override;

  int port() const { return port_; }
  std::string address() const;
  std::vector<v1::GenerateRequest> requests() const;
  // What GetBundle answers. Set it before the first call.
  void set_bundle(v1::Bundle bundle) { bundles_.bundle = std::move(bundle); }
  // What Estimate answers.
  void set_estimate(v1::GenerateHeader header) { estimate_ = std::move(header); }
  // Estimate keeps silent until its caller is gone. Call it before the first call.
  void HoldEstimates() { hold_estimates_ = true; }
  int estimate_count() const { return estimate_count_.load(); }

 private:
  grpc::Status Generate(grpc::ServerContext* context, const v1::GenerateRequest* request,
                        grpc::ServerWriter<v1::GenerateResponse>* writer) override;
  grpc::Status Estimate(grpc::ServerContext* context, const v1::EstimateRequest* request,
                        v1::EstimateResponse* response) override;

  FakeScript script_;
  FakeBundleService bundles_;
  v1::GenerateHeader estimate_;
  bool hold_estimates_ = false;
  std::atomic<int> estimate_count_ = 0;
  mutable std::mutex mutex_;
  std::vector<v1::GenerateRequest> requests_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

// What a right server does: all rows in chunks of `chunk_rows`, and the summary.
grpc::Status ServeAll(const FakeTable& table, FakeCall& call, int64_t chunk_rows = 64);
// Header and `count` rows, without the summary.
void ServeRows(const FakeTable& table, FakeCall& call, int64_t count, int64_t chunk_rows = 64);

// A status with google.rpc details, as the service sends them.
struct FakeError {
  grpc::StatusCode code = grpc::StatusCode::UNKNOWN;
  std::string message = {};
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  std::vector<std::pair<std::string, std::string>> metadata = {};
  absl::Duration retry_delay = absl::ZeroDuration();
  std::vector<std::pair<std::string, std::string>> field_violations = {};
};
grpc::Status MakeError(const FakeError& error);

}  // namespace tailcast::client

#endif  // TAILCAST_TESTS_CLIENT_LIBRARY_FAKE_SERVER_H_
