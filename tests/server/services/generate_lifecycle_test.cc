// How calls of Generate end: limits, slow readers, cancels, deadlines, drains.
#include <gtest/gtest.h>
#include <malloc.h>

#include <chrono>
#include <mutex>
#include <random>
#include <thread>

#include "tests/core/stream/streams.h"
#include "tests/fakes/test_server.h"

namespace tailcast {
namespace {

constexpr char kBundle[] = "bundles/drawn/versions/1";

using grpc::StatusCode;

// A server whose bundle hands out known rows, so that work can be counted and held up.
class GenerateLifecycleTest : public testing::Test {
 protected:
  void Start(const engine::FakeProgram::Options& options) {
    engine::FakeProgram::Options with_dim = options;
    with_dim.feature_dim = 12;
    program_ = test_server_.UseFakeProgram(
        with_dim, stream::NumericsOf(stream::Invariance::kRow, {4, 16, 64}));
    test_server_.Publish("drawn");
    test_server_.Start();
    ASSERT_TRUE(test_server_.AwaitActive(kBundle));
  }
  void TearDown() override {
    program_->OpenGate();
    EXPECT_TRUE(test_server_.AwaitNoCalls());
    if (test_server_.running()) test_server_.Stop();
  }

  TestServer test_server_;
  std::shared_ptr<const engine::FakeProgram> program_;
};

// What malloc has handed out, large blocks included.
int64_t AllocatedBytes() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<int64_t>(info.uordblks + info.hblkhd);
}

TEST_F(GenerateLifecycleTest, StreamsAboveTheLimitAreRefusedAndWelcomeLater) {
  test_server_.options().limits.max_streams = 2;
  Start({});
  program_->CloseGate();
  grpc::ClientContext contexts[2];
  const auto one = test_server_.features().Generate(&contexts[0], RequestOf(kBundle, 0, 100));
  const auto two = test_server_.features().Generate(&contexts[1], RequestOf(kBundle, 0, 100));
  v1::GenerateResponse response;
  ASSERT_TRUE(one->Read(&response) && two->Read(&response));

  const StreamResult refused = test_server_.Generate(RequestOf(kBundle, 0, 1));

  EXPECT_EQ(refused.status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(refused.status), "LIMIT_EXCEEDED");
  EXPECT_EQ(MetadataOf(refused.status, "limit"), "max_streams");
  EXPECT_EQ(MetadataOf(refused.status, "value"), "2");
  EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(refused.status).has_value());
  contexts[0].TryCancel();
  contexts[1].TryCancel();
  one->Finish();
  two->Finish();
  program_->OpenGate();
  EXPECT_TRUE(test_server_.AwaitNoCalls());
  EXPECT_TRUE(test_server_.Generate(RequestOf(kBundle, 0, 1)).status.ok());
}

TEST_F(GenerateLifecycleTest, StreamsAboveTheLimitOfOneCallerAreRefusedWhateverTheConnection) {
  test_server_.options().limits.max_streams_per_caller = 2;
  Start({});
  program_->CloseGate();
  grpc::ClientContext contexts[2];
  const auto one = test_server_.features().Generate(&contexts[0], RequestOf(kBundle, 0, 100));
  const auto two = test_server_.features().Generate(&contexts[1], RequestOf(kBundle, 0, 100));
  v1::GenerateResponse response;
  ASSERT_TRUE(one->Read(&response) && two->Read(&response));

  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto other_connection = v1::FeatureService::NewStub(grpc::CreateCustomChannel(
      test_server_.server().address(), grpc::InsecureChannelCredentials(), arguments));
  grpc::ClientContext context;
  const auto three = other_connection->Generate(&context, RequestOf(kBundle, 0, 1));
  EXPECT_FALSE(three->Read(&response));
  const grpc::Status refused = three->Finish();

  EXPECT_EQ(refused.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(refused), "LIMIT_EXCEEDED");
  EXPECT_EQ(MetadataOf(refused, "limit"), "max_streams_per_caller");
  EXPECT_EQ(MetadataOf(refused, "value"), "2");
  EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(refused).has_value());
  program_->OpenGate();
  while (one->Read(&response) || two->Read(&response)) {
  }
  EXPECT_TRUE(one->Finish().ok() && two->Finish().ok());
}

TEST_F(GenerateLifecycleTest, SamplersThatWaitToBeCompiledAreLimited) {
  test_server_.options().engine.max_queued_tasks = 2;
  Start({});
  program_->CloseGate();
  grpc::ClientContext context;
  const auto running = test_server_.features().Generate(&context, RequestOf(kBundle, 0, 5000));
  program_->AwaitTiles(2);  // both workers are busy
  std::mutex mu;
  std::vector<grpc::Status> ended;
  const auto estimate = [&](int step_count) {
    v1::EstimateRequest request;
    *request.mutable_generate() = RequestOf(kBundle, 0, 1);
    auto& sampler = *request.mutable_generate()->mutable_stream()->mutable_sampler();
    sampler.mutable_ddim()->set_step_count(step_count);
    grpc::ClientContext estimate_context;
    v1::EstimateResponse response;
    const grpc::Status status =
        test_server_.features().Estimate(&estimate_context, request, &response);
    const std::lock_guard lock(mu);
    ended.push_back(status);
  };
  const auto ended_count = [&] {
    const std::lock_guard lock(mu);
    return ended.size();
  };

  std::vector<std::thread> clients;
  for (const int step_count : {7, 8, 9}) clients.emplace_back(estimate, step_count);
  while (ended_count() == 0) absl::SleepFor(absl::Milliseconds(1));
  absl::SleepFor(absl::Milliseconds(50));
  EXPECT_EQ(ended_count(), 1u);  // limit + 1 at once, the others when a worker is free
  program_->OpenGate();
  for (std::thread& client : clients) client.join();

  EXPECT_EQ(ended[0].error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(ended[0]), "QUEUE_FULL");
  EXPECT_EQ(MetadataOf(ended[0], "limit"), "max_queued_tasks");
  EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(ended[0]).has_value());
  EXPECT_TRUE(ended[1].ok() && ended[2].ok());
  v1::GenerateResponse response;
  while (running->Read(&response)) {
  }
  EXPECT_TRUE(running->Finish().ok());
}

TEST_F(GenerateLifecycleTest, AReaderThatStopsForTooLongLosesItsStreamAndNoOtherDoes) {
  test_server_.options().limits.idle_timeout = absl::Milliseconds(500);
  Start({});
  grpc::ClientContext context;
  const auto stalled = test_server_.features().Generate(&context, RequestOf(kBundle, 0, 0));
  grpc::ClientContext slow_context;
  const auto slow = test_server_.features().Generate(&slow_context, RequestOf(kBundle, 0, 0));
  v1::GenerateResponse response;
  const absl::Time start = absl::Now();

  while (absl::Now() - start < absl::Seconds(3)) {
    ASSERT_TRUE(slow->Read(&response));
    absl::SleepFor(absl::Milliseconds(10));
  }

  EXPECT_EQ(test_server_.server().living_calls(), 1);
  slow_context.TryCancel();
  EXPECT_EQ(slow->Finish().error_code(), StatusCode::CANCELLED);
  while (stalled->Read(&response)) {
  }
  const grpc::Status status = stalled->Finish();
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.error_code(), StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(GenerateLifecycleTest, AFullQueueAnswersAtOnce) {
  test_server_.options().engine.max_queued_rows = 100;
  Start({});
  program_->CloseGate();
  grpc::ClientContext context;
  const auto running = test_server_.features().Generate(&context, RequestOf(kBundle, 0, 5000));
  program_->AwaitTiles(2);  // both workers are busy; the rest waits

  const StreamResult refused = test_server_.Generate(RequestOf(kBundle, 0, 1));

  EXPECT_EQ(refused.status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(refused.status), "QUEUE_FULL");
  EXPECT_EQ(MetadataOf(refused.status, "limit"), "max_queued_rows");
  EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(refused.status).has_value());
  program_->OpenGate();
  int64_t rows = 0;
  v1::GenerateResponse response;
  while (running->Read(&response)) rows += response.chunk().row_count();
  EXPECT_TRUE(running->Finish().ok());
  EXPECT_EQ(rows, 5000);
}

TEST_F(GenerateLifecycleTest, ASlowReaderStopsItsOwnStreamAndNoOther) {
  Start({});
  auto endless = RequestOf(kBundle, 0, 0);
  endless.set_max_chunk_bytes(64 << 10);
  grpc::ClientContext context;
  const auto stalled = test_server_.features().Generate(&context, endless);
  int64_t before = -1;
  while (before != program_->tiles()) {
    before = program_->tiles();
    absl::SleepFor(absl::Milliseconds(300));
  }
  EXPECT_LT(before * 64 * 48, 20 << 20);  // bytes of all the rows made for it

  EXPECT_TRUE(test_server_.Generate(RequestOf(kBundle, 0, 5000)).status.ok());

  context.TryCancel();
  stalled->Finish();
}

TEST_F(GenerateLifecycleTest, ACancelStopsTheWorkBeforeTheNextStep) {
  Start({.num_steps = 100});
  program_->CloseGate();
  grpc::ClientContext context;
  const auto reader = test_server_.features().Generate(&context, RequestOf(kBundle, 0, 64));
  v1::GenerateResponse response;
  ASSERT_TRUE(reader->Read(&response));  // the header
  program_->AwaitTiles(1);
  context.TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), StatusCode::CANCELLED);
  // The call is over, though a tile of it still runs, which keeps its memory.
  const int64_t steps = program_->steps();
  absl::SleepFor(absl::Milliseconds(100));
  program_->OpenGate();
  EXPECT_TRUE(test_server_.AwaitNoCalls());
  EXPECT_LE(program_->steps(), steps + 1);
}

TEST_F(GenerateLifecycleTest, AHundredRandomCancelsLeaveNothingBehind) {
  constexpr int kWarmUp = 20, kCancels = 100;
  constexpr int32_t kMostChunkBytes = 1 << 20;
  Start({.num_steps = 5, .step_time = absl::Microseconds(200)});
  std::mt19937 random(1);
  auto request = RequestOf(kBundle, 0, 0);
  int64_t allocated_after_warm_up = 0;
  for (int i = 0; i < kWarmUp + kCancels; ++i) {
    if (i == kWarmUp) allocated_after_warm_up = AllocatedBytes();
    const bool large = i % 2 == 0;
    request.set_max_chunk_bytes(large ? kMostChunkBytes : 48 * (1 + random() % 500));
    grpc::ClientContext context;
    const auto reader = test_server_.features().Generate(&context, request);
    std::thread canceller([this, &context, wait = random() % 5000] {
      absl::SleepFor(absl::Microseconds(wait));
      program_->CloseGate();
      context.TryCancel();
    });
    v1::GenerateResponse response;
    while (reader->Read(&response)) {
    }
    EXPECT_EQ(reader->Finish().error_code(), StatusCode::CANCELLED);
    canceller.join();
    // Tiles wait before their next step until the cancel has reached the server.
    const int64_t steps = program_->steps();
    absl::SleepFor(absl::Milliseconds(25));
    program_->OpenGate();
    ASSERT_TRUE(test_server_.AwaitNoCalls());
    EXPECT_LE(program_->steps(), steps + test_server_.options().engine.num_workers);
  }

  const int64_t steps = program_->steps();
  absl::SleepFor(absl::Milliseconds(100));
  EXPECT_EQ(program_->steps(), steps);
  // A tenth of what one large chunk per cancel would leave.
  EXPECT_LT(AllocatedBytes() - allocated_after_warm_up, kCancels / 2 * kMostChunkBytes / 10);
}

TEST_F(GenerateLifecycleTest, ACancelLeavesNoMemoryBehind) {
  // Of 512 bytes a cancel, four fifths are for the noise of the allocator.
  constexpr int kWarmUp = 300, kCancels = 700;
  constexpr int64_t kMostBytesPerCancel = 512;
  Start({.num_steps = 1});
  auto request = RequestOf(kBundle, 0, 0);
  request.set_max_chunk_bytes(48 * 10);
  int64_t allocated_after_warm_up = 0;
  for (int i = 0; i < kWarmUp + kCancels; ++i) {
    if (i == kWarmUp) allocated_after_warm_up = AllocatedBytes();
    EXPECT_EQ(test_server_.Generate(request, /*cancel_after_chunks=*/3).status.error_code(),
              StatusCode::CANCELLED);
    ASSERT_TRUE(test_server_.AwaitNoCalls());
  }
  EXPECT_LT(AllocatedBytes() - allocated_after_warm_up, kCancels * kMostBytesPerCancel);
}

TEST_F(GenerateLifecycleTest, ADeadlineEndsTheCallAndItsWork) {
  Start({.num_steps = 1000, .step_time = absl::Milliseconds(5)});
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  const absl::Time start = absl::Now();

  const StreamResult result = test_server_.Generate(context, RequestOf(kBundle, 0, 1000));

  EXPECT_EQ(result.status.error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(test_server_.AwaitNoCalls());
  EXPECT_LT(absl::Now() - start, absl::Seconds(3));
}

TEST_F(GenerateLifecycleTest, ADrainEndsStreamsAtAChunkBoundary) {
  Start({.num_steps = 1});
  auto endless = RequestOf(kBundle, 0, 0);
  endless.set_max_chunk_bytes(48 * 100);
  StreamResult result;
  std::atomic<int64_t> chunks = 0;
  std::thread client([&] {
    grpc::ClientContext context;
    const auto reader = test_server_.features().Generate(&context, endless);
    v1::GenerateResponse response;
    while (reader->Read(&response)) {
      AddMessage(std::move(response), result);
      ++chunks;
    }
    result.status = reader->Finish();
  });
  while (chunks < 10) absl::SleepFor(absl::Milliseconds(1));

  const absl::Time start = absl::Now();
  test_server_.Stop(absl::Seconds(10));
  client.join();

  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  EXPECT_EQ(result.status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(result.status), "DRAINING");
  EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(result.status).has_value());
  EXPECT_TRUE(result.in_order);
  EXPECT_FALSE(result.summary.has_value());
  for (const v1::FeatureChunk& chunk : result.chunks) EXPECT_EQ(chunk.row_count(), 100);
  test_server_.Start();  // so that the end of the test finds one
}

TEST_F(GenerateLifecycleTest, AStalledReaderDoesNotHoldUpTheShutdown) {
  Start({.num_steps = 1});
  grpc::ClientContext context;
  const auto stalled = test_server_.features().Generate(&context, RequestOf(kBundle, 0, 0));
  absl::SleepFor(absl::Milliseconds(300));

  const absl::Time start = absl::Now();
  test_server_.Stop(absl::Seconds(1));

  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  context.TryCancel();
  stalled->Finish();
  test_server_.Start();
}

TEST_F(GenerateLifecycleTest, AKernelsFailureIsAnIncidentNotACrash) {
  Start({});
  program_->FailFromNowOn();

  const StreamResult result = test_server_.Generate(RequestOf(kBundle, 0, 1000));

  EXPECT_EQ(result.status.error_code(), StatusCode::INTERNAL);
  EXPECT_EQ(ReasonOf(result.status), "INTERNAL");
  EXPECT_EQ(MetadataOf(result.status, "incident").size(), 16u);
  EXPECT_EQ(result.status.error_message().find("planted"), std::string::npos);
}

}  // namespace
}  // namespace tailcast
