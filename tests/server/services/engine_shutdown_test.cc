#include <gtest/gtest.h>

#include "grpcpp/server_builder.h"
#include "server/services/feature_service.h"
#include "tests/core/stream/streams.h"
#include "tests/fakes/test_server.h"

namespace tailcast {
namespace {

constexpr char kBundle[] = "bundles/drawn/versions/1";

// The service alone, so that its engine can end before it.
TEST(EngineShutdownTest, AStreamThatOrdersChunksFromAnEngineThatIsShutDownEnds) {
  TestServer parts_source;  // never started
  const auto program = parts_source.UseFakeProgram(
      {.feature_dim = 12}, stream::NumericsOf(stream::Invariance::kRow, {4, 16, 64}));
  parts_source.Publish("drawn");
  const auto catalog = bundles::Catalog::Create(parts_source.options().catalog).value();
  catalog->Start();
  engine::TileScheduler scheduler({.num_workers = 2});
  rpc::CallRegistry calls({});
  services::FeatureService service({.catalog = *catalog, .scheduler = scheduler, .calls = calls});
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  const auto stub = v1::FeatureService::NewStub(
      grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
  const BundleReference reference = {.name = "drawn", .version = 1};
  while (!catalog->Acquire(reference, std::nullopt).ok()) absl::SleepFor(absl::Milliseconds(5));

  grpc::ClientContext context;
  const auto reader = stub->Generate(&context, RequestOf(kBundle, 0, 0));
  // Until the stream waits for its reader and nothing of it waits in the engine.
  int64_t before = -1;
  while (before != program->tiles()) {
    before = program->tiles();
    absl::SleepFor(absl::Milliseconds(300));
  }
  ASSERT_GT(before, 0);
  scheduler.Shutdown();

  v1::GenerateResponse response;
  while (reader->Read(&response)) {
  }
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), "DRAINING");
  EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(status).has_value());
  EXPECT_TRUE(calls.AwaitIdle(absl::Now() + absl::Seconds(10)));
  server->Shutdown();
}

}  // namespace
}  // namespace tailcast
