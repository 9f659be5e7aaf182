#include "client/library/row_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "tests/client/library/row_stream_fixture.h"

namespace tailcast::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(RowStreamTest, GivesTheRowsOfOneUnbrokenCall) {
  FakeServer server([&](FakeCall& call) { return ServeAll(table_, call); });
  auto stream = RowStream::Open(Options({server.address()}, 17, 1000));
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_EQ((*stream)->header().address(), table_.Header().address());
  ExpectRows(ReadAll(**stream), 17, 1000);
  EXPECT_EQ((*stream)->row_count(), 1000);
  EXPECT_EQ((*stream)->next_row(), 1017);
  EXPECT_EQ((*stream)->row_checksum_sum(),
            table_.Summary(ShardRows({}, 17), 0, 1000).row_checksum_sum());
  EXPECT_EQ((*stream)->call_count(), 1);
}

TEST_F(RowStreamTest, LargeChunksArriveUnchanged) {
  FakeServer server([&](FakeCall& call) { return ServeAll(table_, call, 32768); });  // 1 MiB
  auto stream = RowStream::Open(Options({server.address()}, 5, 100000));
  ASSERT_TRUE(stream.ok()) << stream.status();
  ExpectRows(ReadAll(**stream), 5, 100000);
}

TEST_F(RowStreamTest, EndsAfterTheEndAgainAndAgain) {
  FakeServer server([&](FakeCall& call) { return ServeAll(table_, call); });
  auto stream = RowStream::Open(Options({server.address()}, 0, 10));
  ASSERT_TRUE(stream.ok());
  ReadAll(**stream);
  for (int i = 0; i < 2; ++i) {
    const auto chunk = (*stream)->Next();
    ASSERT_TRUE(chunk.ok());
    EXPECT_FALSE(chunk->has_value());
  }
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(RowStreamTest, GoesOnFromTheNextRowAfterUnavailableInMidStream) {
  FakeServer server([&](FakeCall& call) {
    if (call.number > 0) return ServeAll(table_, call);
    ServeRows(table_, call, 130);
    return MakeError({.code = grpc::StatusCode::UNAVAILABLE,
                      .message = "draining",
                      .reason = v1::ERROR_REASON_DRAINING});
  });
  auto stream = RowStream::Open(Options({server.address()}, 3, 500));
  ASSERT_TRUE(stream.ok());
  ExpectRows(ReadAll(**stream), 3, 500);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[1].rows().start_row(), 133);
  EXPECT_EQ(requests[1].rows().row_count(), 370);
}

TEST_F(RowStreamTest, PinsWhatTheFirstAnswerSaid) {
  FakeServer server([&](FakeCall& call) {
    if (call.number > 0) return ServeAll(table_, call);
    ServeRows(table_, call, 64);
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "");
  });
  auto stream = RowStream::Open(Options({server.address()}, 0, 100));
  ASSERT_TRUE(stream.ok());
  ExpectRows(ReadAll(**stream), 0, 100);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].expected_address(), "");
  EXPECT_EQ(requests[1].stream().SerializeAsString(), table_.stream().SerializeAsString());
  EXPECT_EQ(requests[1].expected_address(), table_.Header().address());
  EXPECT_EQ(requests[1].expected_feature_space_digest(), table_.Header().feature_space_digest());
}

TEST_F(RowStreamTest, OkWithoutSummaryIsACutStream) {
  FakeServer server([&](FakeCall& call) {
    if (call.number > 0) return ServeAll(table_, call);
    ServeRows(table_, call, 64);
    return grpc::Status::OK;
  });
  auto stream = RowStream::Open(Options({server.address()}, 0, 200));
  ASSERT_TRUE(stream.ok());
  ExpectRows(ReadAll(**stream), 0, 200);
  EXPECT_EQ(clock_.sleeps().size(), 1u);
}

TEST_F(RowStreamTest, GoesOnAtOnceWhereAServerEndsACallEarly) {
  FakeServer server([&](FakeCall& call) {
    const int64_t count = std::min<int64_t>(call.request.rows().row_count(), 64);
    ServeRows(table_, call, count);
    call.SendSummary(table_.Summary(call.rows(), 0, count));
    return grpc::Status::OK;
  });
  auto stream = RowStream::Open(Options({server.address()}, 0, 1000));
  ASSERT_TRUE(stream.ok());
  ExpectRows(ReadAll(**stream), 0, 1000);
  EXPECT_EQ((*stream)->call_count(), 16);
  EXPECT_TRUE(clock_.sleeps().empty());
}

TEST_F(RowStreamTest, CallsThatEndWithoutRowsAreNotAskedAgainForEver) {
  const absl::Status status = StatusOf([&](FakeCall& call) {
    call.SendHeader(table_.Header());
    call.SendSummary(table_.Summary(call.rows(), 0, 0));
    return grpc::Status::OK;
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("without any row"));
}

TEST_F(RowStreamTest, WaitsAsLongAsTheServerAsks) {
  FakeServer server([&](FakeCall& call) {
    if (call.number > 0) return ServeAll(table_, call);
    return MakeError({.code = grpc::StatusCode::RESOURCE_EXHAUSTED,
                      .message = "queue full",
                      .reason = v1::ERROR_REASON_QUEUE_FULL,
                      .retry_delay = absl::Milliseconds(7500)});
  });
  auto stream = RowStream::Open(Options({server.address()}, 0, 100));
  ASSERT_TRUE(stream.ok()) << stream.status();
  ExpectRows(ReadAll(**stream), 0, 100);
  EXPECT_EQ(clock_.sleeps(), std::vector<absl::Duration>{absl::Milliseconds(7500)});
}

TEST_F(RowStreamTest, TakesTheNextReplicaAfterAFailure) {
  FakeServer first([&](FakeCall& call) {
    ServeRows(table_, call, 64);
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "");
  });
  FakeServer second([&](FakeCall& call) { return ServeAll(table_, call); });
  auto stream = RowStream::Open(Options({first.address(), second.address()}, 0, 500));
  ASSERT_TRUE(stream.ok());
  ExpectRows(ReadAll(**stream), 0, 500);
  EXPECT_EQ(first.requests().size(), 1u);
  EXPECT_EQ(second.requests().size(), 1u);
}

TEST_F(RowStreamTest, ADeadPortIsPassedOver) {
  FakeServer server([&](FakeCall& call) { return ServeAll(table_, call); });
  auto stream = RowStream::Open(Options({"127.0.0.1:1", server.address()}, 0, 50));
  ASSERT_TRUE(stream.ok()) << stream.status();
  ExpectRows(ReadAll(**stream), 0, 50);
}

TEST_F(RowStreamTest, GivesUpAfterTheTimeAndSaysHowFarItCame) {
  FakeServer server([&](FakeCall& call) {
    if (call.number == 0) ServeRows(table_, call, 128);
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone");
  });
  auto stream = RowStream::Open(Options({server.address()}, 1000, 500));
  ASSERT_TRUE(stream.ok());
  const Received received = ReadAll(**stream);
  EXPECT_EQ(received.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(
      std::string(received.status.message()),
      AllOf(HasSubstr("20s without progress"), HasSubstr("gone"), HasSubstr(server.address()),
            HasSubstr("received 128 of 500 rows"), HasSubstr("row 1128")));
  absl::Duration slept;
  for (const absl::Duration sleep : clock_.sleeps()) slept += sleep;
  EXPECT_EQ(slept, absl::Seconds(20));
  EXPECT_EQ((*stream)->Next().status(), received.status);
}

TEST_F(RowStreamTest, ADeadPortAloneIsAnErrorThatNamesIt) {
  auto stream = RowStream::Open(Options({"127.0.0.1:1"}, 0, 50));
  EXPECT_EQ(stream.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(stream.status().message()), HasSubstr("127.0.0.1:1"));
}

TEST_F(RowStreamTest, ProgressStartsTheTimeAnew) {
  // Each call gives one chunk and fails: 30 calls are more than the retry time would allow.
  FakeServer server([&](FakeCall& call) {
    clock_.Advance(absl::Seconds(15));
    if (call.number == 30) return ServeAll(table_, call);
    ServeRows(table_, call, 1, 1);
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "");
  });
  auto stream = RowStream::Open(Options({server.address()}, 0, 40));
  ASSERT_TRUE(stream.ok());
  ExpectRows(ReadAll(**stream), 0, 40);
}

TEST_F(RowStreamTest, AResumeTokenContinuesExactlyThatStream) {
  FakeServer server([&](FakeCall& call) { return ServeAll(table_, call); });
  RowStreamOptions options = Options({server.address()}, 700, 100);
  options.request.mutable_stream()->set_bundle("bundles/fake/labels/stable");
  options.resume = table_.Header();
  auto stream = RowStream::Open(options);
  ASSERT_TRUE(stream.ok()) << stream.status();
  ExpectRows(ReadAll(**stream), 700, 100);
  EXPECT_EQ(server.requests()[0].stream().bundle(), "bundles/fake/versions/1");
  EXPECT_EQ(server.requests()[0].expected_address(), table_.Header().address());
}

TEST_F(RowStreamTest, AShardGivesItsRowsAlsoAfterACut) {
  const Shard shard = {.index = 1, .count = 3, .block_rows = 10, .origin_row = 5};
  FakeServer server([&](FakeCall& call) {
    if (call.number > 0) return ServeAll(table_, call, 16);
    ServeRows(table_, call, 48, 16);
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "");
  });
  RowStreamOptions options = Options({server.address()}, 27, 200);
  v1::Shard& message = *options.request.mutable_rows()->mutable_shard();
  message.set_shard_index(shard.index);
  message.set_shard_count(shard.count);
  message.set_block_row_count(shard.block_rows);
  message.set_origin_row(shard.origin_row);
  auto stream = RowStream::Open(options);
  ASSERT_TRUE(stream.ok()) << stream.status();
  const Received received = ReadAll(**stream);
  EXPECT_TRUE(received.status.ok()) << received.status;
  std::vector<int64_t> expected;
  for (int64_t row = 27; expected.size() < 200; ++row) {
    if ((row - 5) / 10 % 3 == 1) expected.push_back(row);
  }
  EXPECT_EQ(received.rows, expected);
  EXPECT_TRUE(received.payload == table_.Payload(expected));
}

TEST_F(RowStreamTest, EndlessStreamsGoOnUntilTheyAreStopped) {
  FakeServer server([&](FakeCall& call) {
    ServeRows(table_, call, 1000);
    call.SendSummary(table_.Summary(call.rows(), 0, 1000));
    return grpc::Status::OK;
  });
  std::stop_source stop;
  RowStreamOptions options = Options({server.address()}, 0, 0);
  options.failover.stop = stop.get_token();
  auto stream = RowStream::Open(options);
  ASSERT_TRUE(stream.ok());
  while ((*stream)->row_count() < 5000) ASSERT_TRUE((*stream)->Next().ok());
  stop.request_stop();
  absl::Status status;
  while (status.ok()) status = (*stream)->Next().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
}

TEST_F(RowStreamTest, AStopEndsAWaitForASlowServerAtOnce) {
  std::stop_source stop;
  FakeServer server([&](FakeCall& call) {
    call.SendHeader(table_.Header());
    while (!call.context.IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return grpc::Status::CANCELLED;
  });
  RowStreamOptions options = Options({server.address()}, 0, 100);
  options.failover.stop = stop.get_token();
  auto stream = RowStream::Open(options);
  ASSERT_TRUE(stream.ok());
  const auto start = std::chrono::steady_clock::now();
  std::jthread stopper([&stop] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop.request_stop();
  });
  EXPECT_EQ((*stream)->Next().status().code(), absl::StatusCode::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST_F(RowStreamTest, ASilentServerCountsAsGone) {
  FakeServer server([&](FakeCall& call) {
    if (call.number > 0) return ServeAll(table_, call);
    ServeRows(table_, call, 64);
    while (!call.context.IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return grpc::Status::CANCELLED;
  });
  RowStreamOptions options = Options({server.address()}, 0, 100);
  options.idle_timeout = absl::Milliseconds(200);
  auto stream = RowStream::Open(options);
  ASSERT_TRUE(stream.ok());
  ExpectRows(ReadAll(**stream), 0, 100);
  EXPECT_EQ((*stream)->call_count(), 2);
}

TEST_F(RowStreamTest, AReaderThatPausesStopsTheServer) {
  std::atomic<int64_t> written = 0;
  FakeServer server([&](FakeCall& call) {
    call.SendHeader(table_.Header());
    const auto response = table_.Chunk(call.rows(), 0, 8192);  // 256 KiB
    for (int64_t i = 0; i < 400; ++i) {
      auto chunk = table_.Chunk(call.rows(), i * 8192, 8192);
      if (!call.writer.Write(chunk)) break;
      written = i + 1;
    }
    return grpc::Status::OK;
  });
  auto stream = RowStream::Open(Options({server.address()}, 0, 400 * 8192));
  ASSERT_TRUE(stream.ok());
  ASSERT_TRUE((*stream)->Next().ok());
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_LT(written, 100);  // 25 MiB of 100
}

TEST_F(RowStreamTest, RandomCutsStillGiveEveryRowOnceWithTheSameBytes) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    std::mt19937 rng(seed);
    const auto pick = [&rng](int64_t max) {
      return std::uniform_int_distribution<int64_t>(0, max)(rng);
    };
    std::atomic<int> failures = 0;
    const FakeScript script = [&](FakeCall& call) {
      if (++failures > 12) return ServeAll(table_, call, 1 + pick(90));
      const int64_t count = std::min(call.request.rows().row_count(), pick(150));
      const int64_t how = pick(4);
      if (how == 0) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "before the header");
      ServeRows(table_, call, count, 1 + pick(90));
      if (how == 1) return grpc::Status::OK;
      if (how == 2) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "in mid-stream");
      if (how == 3) call.SendSummary(table_.Summary(call.rows(), 0, count));
      return how == 3 ? grpc::Status::OK : grpc::Status(grpc::StatusCode::INTERNAL, "RST_STREAM");
    };
    FakeServer first(script), second(script);
    const int64_t start_row = pick(1000), row_count = 1 + pick(2000);
    auto stream =
        RowStream::Open(Options({first.address(), second.address()}, start_row, row_count));
    ASSERT_TRUE(stream.ok()) << stream.status();
    ExpectRows(ReadAll(**stream), start_row, row_count);
    EXPECT_EQ((*stream)->row_checksum_sum(),
              table_.Summary(ShardRows({}, start_row), 0, row_count).row_checksum_sum());
  }
}

}  // namespace
}  // namespace tailcast::client
