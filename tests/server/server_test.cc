#include "server/server.h"

#include <gtest/gtest.h>

#include <atomic>

#include "absl/synchronization/notification.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "tests/fakes/test_server.h"

namespace tailcast {
namespace {

// Calls any method with serialised messages, as tools that know the server by reflection do.
grpc::Status CallUnary(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                       const std::string& request, std::string& response) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const grpc::Slice slice(request);
  const grpc::ByteBuffer request_buffer(&slice, 1);
  grpc::ByteBuffer response_buffer;
  const auto call = stub.PrepareUnaryCall(&context, method, request_buffer, &queue);
  call->StartCall();
  grpc::Status status;
  call->Finish(&response_buffer, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  std::vector<grpc::Slice> slices;
  if (status.ok() && response_buffer.Dump(&slices).ok()) {
    for (const grpc::Slice& part : slices) {
      response.append(reinterpret_cast<const char*>(part.begin()), part.size());
    }
  }
  return status;
}

// grpc.health.v1: HealthCheckRequest {string service = 1}, response {status = 1}, 1 is SERVING and
// 2 NOT_SERVING. -1: no such service.
int HealthOf(TestServer& server, const std::string& service) {
  std::string request;
  if (!service.empty()) {
    request = std::string("\x0A") + static_cast<char>(service.size()) + service;
  }
  std::string response;
  const grpc::Status status =
      CallUnary(server.channel(), "/grpc.health.v1.Health/Check", request, response);
  if (!status.ok() || response.size() < 2) return -1;
  return response[1];
}

TEST(ServerTest, HealthSaysWhatServes) {
  TestServer server;
  server.Publish("drawn");
  server.Start();
  ASSERT_TRUE(server.AwaitActive("bundles/drawn/versions/1"));
  for (int i = 0; i < 100 && HealthOf(server, "") != 1; ++i) absl::SleepFor(absl::Milliseconds(20));

  EXPECT_EQ(HealthOf(server, ""), 1);
  EXPECT_EQ(HealthOf(server, "bundles/drawn"), 1);
  EXPECT_EQ(HealthOf(server, "bundles/nobody"), -1);
  server.Stop();
}

TEST(ServerTest, IsNotReadyWhileItLoads) {
  TestServer server;
  server.Publish("drawn");
  absl::Notification may_load;
  server.options().catalog.loader = [&may_load](const bundle::VersionInfo& version,
                                                const std::stop_token& stop) {
    may_load.WaitForNotification();
    return bundles::LoadBundle(version, stop);
  };
  server.Start();

  EXPECT_EQ(HealthOf(server, ""), 2);
  EXPECT_EQ(HealthOf(server, "bundles/drawn"), 2);
  const StreamResult early = server.Generate(RequestOf("bundles/drawn/versions/1", 0, 1));
  EXPECT_EQ(early.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(early.status), "BUNDLE_LOADING");
  EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(early.status).has_value());

  may_load.Notify();
  ASSERT_TRUE(server.AwaitActive("bundles/drawn/versions/1"));
  EXPECT_TRUE(server.Generate(RequestOf("bundles/drawn/versions/1", 0, 1)).status.ok());
  server.Stop();
}

TEST(ServerTest, ReflectionNamesTheServices) {
  TestServer server;
  server.Start();
  // ServerReflectionRequest {string list_services = 7}; the stream takes one request and ends.
  const std::string request = "\x3A\x01*";
  std::string response;
  grpc::GenericStub stub(server.channel());
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareCall(
      &context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  void* tag = nullptr;
  bool ok = false;
  call->StartCall(nullptr);
  queue.Next(&tag, &ok);
  const grpc::Slice slice(request);
  call->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
  queue.Next(&tag, &ok);
  grpc::ByteBuffer buffer;
  call->Read(&buffer, nullptr);
  queue.Next(&tag, &ok);
  ASSERT_TRUE(ok);
  std::vector<grpc::Slice> slices;
  ASSERT_TRUE(buffer.Dump(&slices).ok());
  for (const grpc::Slice& part : slices) {
    response.append(reinterpret_cast<const char*>(part.begin()), part.size());
  }
  grpc::Status status;
  call->Finish(&status, nullptr);
  queue.Next(&tag, &ok);

  EXPECT_NE(response.find("tailcast.v1.FeatureService"), std::string::npos);
  EXPECT_NE(response.find("tailcast.v1.BundleService"), std::string::npos);
  EXPECT_NE(response.find("grpc.health.v1.Health"), std::string::npos);
  server.Stop();
}

TEST(ServerTest, APortInUseIsRefused) {
  TestServer server;
  server.Start();
  ServerOptions options = server.options();
  options.listen = server.server().address();

  const auto second = Server::Create(options);

  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(std::string(second.status().message()).find(options.listen), std::string::npos);
  server.Stop();
}

TEST(ServerTest, APortInUseIsRefusedBeforeAnythingIsLoaded) {
  TestServer server;
  server.Start();
  server.Publish("drawn");
  ServerOptions options = server.options();
  options.listen = server.server().address();
  std::atomic<int> loads = 0;
  options.catalog.loader = [&loads](const bundle::VersionInfo&, const std::stop_token& stop) {
    ++loads;
    while (!stop.stop_requested()) absl::SleepFor(absl::Milliseconds(1));
    return absl::CancelledError("stopped");
  };

  EXPECT_EQ(Server::Create(options).status().code(), absl::StatusCode::kUnavailable);

  EXPECT_EQ(loads, 0);
  server.Stop();
}

TEST(ServerTest, ShutdownGivesUpALoad) {
  TestServer server;
  server.Publish("drawn");
  absl::Notification loading;
  server.options().catalog.loader = [&loading](const bundle::VersionInfo&,
                                               const std::stop_token& stop) {
    loading.Notify();
    while (!stop.stop_requested()) absl::SleepFor(absl::Milliseconds(1));
    return absl::CancelledError("stopped");
  };
  server.Start();
  loading.WaitForNotification();
  const absl::Time start = absl::Now();
  server.Stop(absl::ZeroDuration());
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

TEST(ServerTest, NonsenseToListenOnIsRefused) {
  for (const char* const listen : {"nonsense", "", "127.0.0.1:99999999", "256.1.1.1:0", "unix:1"}) {
    TestServer server;
    server.options().listen = listen;
    EXPECT_FALSE(Server::Create(server.options()).ok()) << listen;
  }
}

TEST(ServerTest, ListensOnHostAndPortOnly) {
  for (const char* const listen : {"127.0.0.1:0", "localhost:65535", "[::1]:1", "example.org:80"}) {
    EXPECT_TRUE(IsListenAddress(listen)) << listen;
  }
  for (const char* const listen :
       {"", ":", ":1", "localhost", "localhost:", "127.0.0.1:65536", "127.0.0.1:99999",
        "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1:http", "127.0.0.1: 1", "::1", "::1:50071",
        "unix:/run/socket", "unix:1", "unix:/run/socket:1", "unix-abstract:1", "vsock:1"}) {
    EXPECT_FALSE(IsListenAddress(listen)) << listen;
  }
}

TEST(ServerTest, AMissingRepositoryIsRefused) {
  TestServer server;
  server.options().catalog.repository = server.repository() + "/missing";
  const auto created = Server::Create(server.options());
  EXPECT_EQ(created.status().code(), absl::StatusCode::kNotFound);
  EXPECT_NE(std::string(created.status().message()).find("missing"), std::string::npos);
}

TEST(ServerTest, StartsAndStopsAtOnceAgainAndAgain) {
  TestServer server;
  server.Publish("drawn");
  for (int i = 0; i < 10; ++i) {
    server.Start();
    server.Stop(absl::ZeroDuration());
  }
}

TEST(ServerTest, KnowsLoopbackFromTheWorld) {
  EXPECT_TRUE(IsLoopback("127.0.0.1:1"));
  EXPECT_TRUE(IsLoopback("127.9.0.1:1"));
  EXPECT_TRUE(IsLoopback("localhost:1"));
  EXPECT_TRUE(IsLoopback("[::1]:1"));
  EXPECT_FALSE(IsLoopback("0.0.0.0:1"));
  EXPECT_FALSE(IsLoopback("[::]:1"));
  EXPECT_FALSE(IsLoopback("10.1.2.3:1"));
  EXPECT_FALSE(IsLoopback("1270.example.org:1"));
  EXPECT_FALSE(IsLoopback("127.example.org:1"));
  EXPECT_FALSE(IsLoopback("127.0.0.1.example.org:1"));
}

}  // namespace
}  // namespace tailcast
