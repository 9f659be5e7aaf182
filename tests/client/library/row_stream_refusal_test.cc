#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stop_token>
#include <thread>

#include "absl/time/clock.h"
#include "client/library/error.h"
#include "client/library/row_stream.h"
#include "core/base/digest.h"
#include "tests/client/library/row_stream_fixture.h"

namespace tailcast::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class RowStreamRefusalTest : public RowStreamTest {};

TEST_F(RowStreamRefusalTest, NeverTriesAgainWhatCannotHelp) {
  for (const auto code :
       {grpc::StatusCode::INVALID_ARGUMENT, grpc::StatusCode::NOT_FOUND,
        grpc::StatusCode::FAILED_PRECONDITION, grpc::StatusCode::OUT_OF_RANGE,
        grpc::StatusCode::DATA_LOSS, grpc::StatusCode::UNIMPLEMENTED,
        grpc::StatusCode::RESOURCE_EXHAUSTED, grpc::StatusCode::PERMISSION_DENIED}) {
    FakeServer server([&](FakeCall&) { return grpc::Status(code, "no"); });
    auto stream = RowStream::Open(Options({server.address()}, 0, 50));
    EXPECT_EQ(static_cast<int>(stream.status().code()), static_cast<int>(code));
    EXPECT_EQ(server.requests().size(), 1u) << code;
  }
}

TEST_F(RowStreamRefusalTest, AnInternalErrorOfTheServiceIsFinal) {
  const absl::Status status = StatusOf([&](FakeCall& call) {
    EXPECT_EQ(call.number, 0);
    return MakeError({.code = grpc::StatusCode::INTERNAL,
                      .message = "a bug",
                      .reason = v1::ERROR_REASON_INTERNAL,
                      .metadata = {{"incident", "4711"}}});
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("4711"));
}

TEST_F(RowStreamRefusalTest, AChunkWithAWrongChecksumIsNeverGiven) {
  const absl::Status status = StatusOf([&](FakeCall& call) {
    call.SendHeader(table_.Header());
    auto response = table_.Chunk(call.rows(), 0, 10);
    (*response.mutable_chunk()->mutable_payload())[7] ^= 1;
    call.writer.Write(response);
    return grpc::Status::OK;
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("checksum 0x"), HasSubstr("expected 0x"), HasSubstr("row 0")));
}

TEST_F(RowStreamRefusalTest, ChunksInAWrongOrderAreRefused) {
  const absl::Status status = StatusOf([&](FakeCall& call) {
    call.SendHeader(table_.Header());
    call.writer.Write(table_.Chunk(call.rows(), 10, 10));
    return grpc::Status::OK;
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("starts at row 10; expected row 0"));
}

TEST_F(RowStreamRefusalTest, ARepeatedChunkIsRefused) {
  const absl::Status status = StatusOf([&](FakeCall& call) {
    call.SendHeader(table_.Header());
    call.writer.Write(table_.Chunk(call.rows(), 0, 10));
    call.writer.Write(table_.Chunk(call.rows(), 0, 10));
    return grpc::Status::OK;
  });
  EXPECT_THAT(std::string(status.message()), HasSubstr("starts at row 0; expected row 10"));
}

TEST_F(RowStreamRefusalTest, MoreRowsThanWereAskedForAreRefused) {
  const absl::Status status = StatusOf([&](FakeCall& call) {
    call.SendHeader(table_.Header());
    call.writer.Write(table_.Chunk(call.rows(), 0, 301));
    return grpc::Status::OK;
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("301 rows; expected [1, 300]"));
}

TEST_F(RowStreamRefusalTest, AChunkBeforeTheHeaderIsRefused) {
  const absl::Status status = StatusOf([&](FakeCall& call) {
    call.writer.Write(table_.Chunk(call.rows(), 0, 10));
    return grpc::Status::OK;
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("not a header"));
}

TEST_F(RowStreamRefusalTest, AHeaderThatContradictsItselfIsRefused) {
  const absl::Status status = StatusOf([&](FakeCall& call) {
    v1::GenerateHeader header = table_.Header();
    header.mutable_stream()->set_seed(43);
    call.SendHeader(header);
    return grpc::Status::OK;
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("recipe_digest"));
}

TEST_F(RowStreamRefusalTest, ASummaryThatContradictsTheRowsIsRefused) {
  for (const int field : {0, 1, 2}) {
    const absl::Status status = StatusOf([&](FakeCall& call) {
      ServeRows(table_, call, 300);
      v1::GenerateSummary summary = table_.Summary(call.rows(), 0, 300);
      if (field == 0) summary.set_row_count(299);
      if (field == 1) summary.set_next_row(299);
      if (field == 2) summary.set_row_checksum_sum(summary.row_checksum_sum() + 1);
      call.SendSummary(summary);
      return grpc::Status::OK;
    });
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << field;
    EXPECT_THAT(std::string(status.message()), HasSubstr("summary.")) << field;
  }
}

// Its rows are with the caller already: another replica cannot make that good.
TEST_F(RowStreamRefusalTest, ASummaryThatContradictsTheRowsIsTheEndAlsoWhereThereAreReplicas) {
  for (const int64_t served : {300, 500}) {
    FakeServer faulty([&](FakeCall& call) {
      ServeRows(table_, call, served);
      v1::GenerateSummary summary = table_.Summary(call.rows(), 0, served);
      summary.set_row_checksum_sum(summary.row_checksum_sum() + 1);
      call.SendSummary(summary);
      return grpc::Status::OK;
    });
    FakeServer sound([&](FakeCall& call) { return ServeAll(table_, call); });
    auto stream = RowStream::Open(Options({faulty.address(), sound.address()}, 0, 500));
    ASSERT_TRUE(stream.ok());
    const absl::Status status = ReadAll(**stream).status;
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << served;
    EXPECT_THAT(std::string(status.message()), HasSubstr("summary.row_checksum_sum")) << served;
    EXPECT_EQ((*stream)->Next().status(), status);
    EXPECT_EQ((*stream)->call_count(), 1);
  }
}

TEST_F(RowStreamRefusalTest, RefusesAReplicaWithAnotherAddressAndNamesBoth) {
  const FakeTable other(2);
  FakeServer server([&](FakeCall& call) {
    if (call.number > 0) return ServeAll(other, call);
    ServeRows(table_, call, 64);
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "");
  });
  auto stream = RowStream::Open(Options({server.address()}, 0, 500));
  ASSERT_TRUE(stream.ok());
  const absl::Status status = ReadAll(**stream).status;
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(DetailsOf(status).reason, v1::ERROR_REASON_ADDRESS_MISMATCH);
  const std::string message(status.message());
  EXPECT_THAT(message, HasSubstr(ToHex(*DigestFromBytes(table_.Header().address()))));
  EXPECT_THAT(message, HasSubstr(ToHex(*DigestFromBytes(other.Header().address()))));
  EXPECT_THAT(message, HasSubstr("stream.bundle is bundles/fake/versions/2"));
  EXPECT_THAT(message, HasSubstr("received 64 of 500 rows"));
}

// Some rows, and from the second call on another manifest.
grpc::Status BreakOffThenRefuse(const FakeTable& table, FakeCall& call) {
  if (call.number == 0) {
    ServeRows(table, call, 64);
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "");
  }
  return MakeError({.code = grpc::StatusCode::FAILED_PRECONDITION,
                    .message = "another manifest",
                    .reason = v1::ERROR_REASON_BUNDLE_DIGEST_MISMATCH});
}

TEST_F(RowStreamRefusalTest, NamesBothAddressesWhereTheServerItselfRefuses) {
  const FakeTable other(2);
  FakeServer server([&](FakeCall& call) { return BreakOffThenRefuse(table_, call); });
  server.set_estimate(other.Header());
  auto stream = RowStream::Open(Options({server.address()}, 0, 500));
  ASSERT_TRUE(stream.ok());
  const std::string message(ReadAll(**stream).status.message());
  EXPECT_THAT(message, HasSubstr(ToHex(*DigestFromBytes(table_.Header().address()))));
  EXPECT_THAT(message, HasSubstr(ToHex(*DigestFromBytes(other.Header().address()))));
  EXPECT_THAT(message, HasSubstr("stream.bundle_digest is"));
}

TEST_F(RowStreamRefusalTest, AStopEndsTheQuestionWhatAReplicaWouldSendAtOnce) {
  FakeServer server([&](FakeCall& call) { return BreakOffThenRefuse(table_, call); });
  server.HoldEstimates();
  std::stop_source stop;
  RowStreamOptions options = Options({server.address()}, 0, 500);
  options.failover.stop = stop.get_token();
  auto stream = RowStream::Open(options);
  ASSERT_TRUE(stream.ok());
  absl::Time stopped_at;
  const std::jthread stopper([&](const std::stop_token& over) {
    while (server.estimate_count() == 0 && !over.stop_requested())
      absl::SleepFor(absl::Milliseconds(2));
    stopped_at = absl::Now();
    stop.request_stop();
  });
  EXPECT_EQ(ReadAll(**stream).status.code(), absl::StatusCode::kCancelled);
  EXPECT_LT(absl::Now() - stopped_at, absl::Seconds(2));  // the question waits 5
}

TEST_F(RowStreamRefusalTest, AReplicaWithAnotherAddressIsNotAskedAgainWhileThereAreOthers) {
  const FakeTable other(2);
  FakeServer right([&](FakeCall& call) {
    if (call.number > 1) return ServeAll(table_, call);
    ServeRows(table_, call, 64);
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "");
  });
  FakeServer wrong([&](FakeCall& call) { return ServeAll(other, call); });
  std::vector<std::string> notices;
  RowStreamOptions options = Options({right.address(), wrong.address()}, 0, 500);
  options.failover.on_retry = [&notices](const RetryNotice& notice) {
    notices.emplace_back(notice.failure.message());
  };
  auto stream = RowStream::Open(options);
  ASSERT_TRUE(stream.ok());
  ExpectRows(ReadAll(**stream), 0, 500);
  EXPECT_EQ(wrong.requests().size(), 1u);
  ASSERT_EQ(notices.size(), 3u);
  EXPECT_THAT(notices[1], HasSubstr("would send another stream"));
}

TEST_F(RowStreamRefusalTest, AWrongShardIsRefusedBeforeAnyCall) {
  RowStreamOptions options = Options({"127.0.0.1:1"}, 0, 10);
  options.request.mutable_rows()->mutable_shard()->set_shard_count(2);
  options.request.mutable_rows()->mutable_shard()->set_shard_index(2);
  EXPECT_EQ(RowStream::Open(options).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tailcast::client
