#include "server/rpc/server_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "proto/tailcast/v1/feature_service.grpc.pb.h"
#include "server/rpc/errors.h"

namespace tailcast::rpc {
namespace {

using FeatureServiceBase =
    v1::FeatureService::WithCallbackMethod_Generate<v1::FeatureService::Service>;

// How the next calls behave, and what they did.
struct Script {
  int64_t message_count = 10;
  size_t payload_bytes = 0;
  // The message whose making fails; -1: none.
  int64_t failing_message = -1;
  // The message that cannot even be ordered; -1: none.
  int64_t refused_message = -1;
  // Makes messages in the caller's thread instead of one of its own.
  bool synchronous = false;
  // Later messages are ready first.
  bool shuffled = false;
  std::atomic<int64_t> produced = 0;
  std::atomic<int64_t> most_in_production = 0;
  std::atomic<int64_t> in_production = 0;
  std::atomic<int> living = 0;
  std::atomic<int> over = 0;
  std::atomic<int> last_code = -1;
  std::atomic<int64_t> last_written = -1;
  absl::Mutex mu;
  std::weak_ptr<EndableCall> last_call ABSL_GUARDED_BY(mu);
};

class ScriptedStream final : public ServerStream<v1::GenerateResponse> {
 public:
  ScriptedStream(Script& script, const grpc::CallbackServerContext& context)
      : ServerStream(absl::FromChrono(context.deadline()), context), script_(script) {
    ++script_.living;
  }
  ~ScriptedStream() override { --script_.living; }

 private:
  absl::StatusOr<std::optional<v1::GenerateResponse>> ProduceAsync(int64_t index) override {
    if (index == script_.refused_message) return Draining(absl::Seconds(1));
    script_.most_in_production =
        std::max<int64_t>(script_.most_in_production, ++script_.in_production);
    if (script_.synchronous) return Make(index);
    auto self = std::static_pointer_cast<ScriptedStream>(shared_from_this());
    std::thread([self, index] {
      if (self->script_.shuffled) absl::SleepFor(absl::Milliseconds(index % 3 == 0 ? 3 : 0));
      v1::GenerateResponse response = self->Make(index);
      if (index == self->script_.failing_message) {
        self->End(BundleDamaged("bundles/a/versions/1", "planted"));
      } else {
        self->Produced(index, std::move(response));
      }
    }).detach();
    return std::nullopt;
  }

  void OnOver(const absl::Status& status, int64_t written) override {
    script_.last_code = static_cast<int>(status.code());
    script_.last_written = written;
    ++script_.over;
  }

  v1::GenerateResponse Make(int64_t index) {
    --script_.in_production;
    ++script_.produced;
    v1::GenerateResponse response;
    response.mutable_chunk()->set_start_row(index);
    response.mutable_chunk()->mutable_payload()->assign(script_.payload_bytes, 'x');
    return response;
  }

  Script& script_;
};

class ScriptedService final : public FeatureServiceBase {
 public:
  explicit ScriptedService(Script& script) : script_(script) {}

  grpc::ServerWriteReactor<v1::GenerateResponse>* Generate(grpc::CallbackServerContext* context,
                                                           const v1::GenerateRequest*) override {
    auto call = std::make_shared<ScriptedStream>(script_, *context);
    call->Hold();
    {
      absl::MutexLock lock(&script_.mu);
      script_.last_call = call;
    }
    call->Start(script_.message_count);
    return call.get();
  }

 private:
  Script& script_;
};

// What a client got.
struct Received {
  std::vector<int64_t> indices;
  grpc::Status status;
};

class ServerStreamTest : public testing::Test {
 protected:
  void SetUp() override {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    stub_ = v1::FeatureService::NewStub(grpc::CreateChannel("127.0.0.1:" + std::to_string(port),
                                                            grpc::InsecureChannelCredentials()));
  }

  void TearDown() override {
    AwaitCallsOver();
    server_->Shutdown();
  }

  Received ReadAll(grpc::ClientContext& context, int64_t cancel_after = -1) {
    Received received;
    const auto reader = stub_->Generate(&context, {});
    v1::GenerateResponse response;
    while (reader->Read(&response)) {
      received.indices.push_back(response.chunk().start_row());
      if (static_cast<int64_t>(received.indices.size()) == cancel_after) context.TryCancel();
    }
    received.status = reader->Finish();
    return received;
  }

  void AwaitCallsOver() {
    for (int i = 0; i < 5000 && script_.living > 0; ++i) absl::SleepFor(absl::Milliseconds(2));
    EXPECT_EQ(script_.living, 0);
  }

  Script script_;
  ScriptedService service_{script_};
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::FeatureService::Stub> stub_;
};

std::vector<int64_t> FirstNumbers(int64_t count) {
  std::vector<int64_t> numbers(count);
  for (int64_t i = 0; i < count; ++i) numbers[i] = i;
  return numbers;
}

TEST_F(ServerStreamTest, WritesMessagesInOrderThoughMadeOutOfOrder) {
  script_.message_count = 200;
  script_.shuffled = true;
  grpc::ClientContext context;

  const Received received = ReadAll(context);

  EXPECT_TRUE(received.status.ok()) << received.status.error_message();
  EXPECT_EQ(received.indices, FirstNumbers(200));
  AwaitCallsOver();
  EXPECT_EQ(script_.last_written, 200);
  EXPECT_GT(script_.most_in_production, 1);
  EXPECT_LE(script_.most_in_production, kMaxQueuedResponses);
}

TEST_F(ServerStreamTest, TakesMessagesThatAreReadyAtOnce) {
  script_.message_count = 50;
  script_.synchronous = true;
  grpc::ClientContext context;
  const Received received = ReadAll(context);
  EXPECT_TRUE(received.status.ok());
  EXPECT_EQ(received.indices, FirstNumbers(50));
}

TEST_F(ServerStreamTest, ZeroMessagesAreAnEmptyStream) {
  script_.message_count = 0;
  grpc::ClientContext context;
  const Received received = ReadAll(context);
  EXPECT_TRUE(received.status.ok());
  EXPECT_TRUE(received.indices.empty());
}

TEST_F(ServerStreamTest, AnErrorInTheMiddleEndsTheCallAtAMessageBoundary) {
  script_.message_count = 100;
  script_.failing_message = 20;
  grpc::ClientContext context;

  const Received received = ReadAll(context);

  EXPECT_EQ(received.status.error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_LE(received.indices.size(), 20u);
  EXPECT_EQ(received.indices, FirstNumbers(static_cast<int64_t>(received.indices.size())));
}

TEST_F(ServerStreamTest, ACancelEndsTheCallAndItsWork) {
  script_.message_count = INT64_MAX;
  grpc::ClientContext context;

  const Received received = ReadAll(context, /*cancel_after=*/5);

  EXPECT_EQ(received.status.error_code(), grpc::StatusCode::CANCELLED);
  AwaitCallsOver();
  EXPECT_EQ(script_.last_code, static_cast<int>(absl::StatusCode::kCancelled));
  const int64_t produced = script_.produced;
  absl::SleepFor(absl::Milliseconds(50));
  EXPECT_EQ(script_.produced, produced);
}

TEST_F(ServerStreamTest, ADeadlineEndsTheCall) {
  script_.message_count = INT64_MAX;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(200));

  const Received received = ReadAll(context);

  EXPECT_EQ(received.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  AwaitCallsOver();
}

// Until the stream of a client that does not read stands still.
void AwaitStall(const Script& script) {
  int64_t before = -1;
  while (before != script.produced) {
    before = script.produced;
    absl::SleepFor(absl::Milliseconds(300));
  }
}

TEST_F(ServerStreamTest, AClientThatDoesNotReadStopsItsStream) {
  script_.message_count = INT64_MAX;
  script_.payload_bytes = 64 << 10;
  grpc::ClientContext context;
  const auto reader = stub_->Generate(&context, {});

  AwaitStall(script_);

  EXPECT_LT(script_.produced * script_.payload_bytes, 16u << 20);
  context.TryCancel();
  reader->Finish();
}

TEST_F(ServerStreamTest, AClientThatDoesNotReadIsToldAndThenCutOff) {
  script_.message_count = INT64_MAX;
  script_.payload_bytes = 64 << 10;
  grpc::ClientContext context;
  const auto reader = stub_->Generate(&context, {});
  AwaitStall(script_);
  std::shared_ptr<EndableCall> call;
  {
    absl::MutexLock lock(&script_.mu);
    call = script_.last_call.lock();
  }
  ASSERT_NE(call, nullptr);

  call->EndIfStalled(absl::Now(), absl::Hours(1));
  absl::SleepFor(absl::Milliseconds(100));
  EXPECT_EQ(script_.over, 0);
  call->EndIfStalled(absl::Now(), absl::Milliseconds(100));
  absl::SleepFor(absl::Milliseconds(100));
  EXPECT_EQ(script_.over, 0);  // the end waits behind the message
  call->EndIfStalled(absl::Now(), absl::Milliseconds(100));
  call.reset();

  AwaitCallsOver();
  EXPECT_EQ(script_.over, 1);
  EXPECT_EQ(script_.last_code, static_cast<int>(absl::StatusCode::kAborted));
  v1::GenerateResponse response;
  while (reader->Read(&response)) {
  }
  EXPECT_FALSE(reader->Finish().ok());
}

TEST_F(ServerStreamTest, AClientThatReadsAgainInTimeLearnsWhyItsStreamEnded) {
  script_.message_count = INT64_MAX;
  script_.payload_bytes = 64 << 10;
  grpc::ClientContext context;
  const auto reader = stub_->Generate(&context, {});
  AwaitStall(script_);
  {
    absl::MutexLock lock(&script_.mu);
    script_.last_call.lock()->EndIfStalled(absl::Now(), absl::Milliseconds(100));
  }

  int64_t count = 0;
  v1::GenerateResponse response;
  while (reader->Read(&response)) EXPECT_EQ(response.chunk().start_row(), count++);

  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_NE(status.error_details().find("STREAM_IDLE"), std::string::npos);
}

TEST_F(ServerStreamTest, AStreamWhoseWorkIsRefusedEnds) {
  script_.message_count = 100;
  script_.refused_message = 20;
  grpc::ClientContext context;
  const Received received = ReadAll(context);
  EXPECT_EQ(received.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_LE(received.indices.size(), 20u);
}

TEST_F(ServerStreamTest, ManyClientsAtOnceGetTheirMessagesOrCancel) {
  script_.message_count = 100;
  script_.shuffled = true;
  std::vector<std::thread> clients;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back([&, i] {
      for (int round = 0; round < 5; ++round) {
        grpc::ClientContext context;
        const bool cancels = (i + round) % 2 == 0;
        const Received received = ReadAll(context, cancels ? 1 + i : -1);
        if (!cancels && received.indices != FirstNumbers(100)) ++wrong;
        if (!cancels && !received.status.ok()) ++wrong;
      }
    });
  }
  for (std::thread& client : clients) client.join();

  EXPECT_EQ(wrong, 0);
  AwaitCallsOver();
  EXPECT_EQ(script_.over, 16 * 5);
}

}  // namespace
}  // namespace tailcast::rpc
