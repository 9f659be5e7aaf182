#include "server/rpc/errors.h"

#include <gtest/gtest.h>

#include <string>

#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"
#include "proto/tailcast/v1/error_reason.pb.h"
#include "server/rpc/limits.h"
#include "server/rpc/status_conversion.h"

namespace tailcast::rpc {
namespace {

// What a client finds in the trailers.
template <typename Detail>
Detail DetailOf(const absl::Status& status) {
  google::rpc::Status wire;
  EXPECT_TRUE(wire.ParseFromString(ToGrpcStatus(status).error_details()));
  Detail detail;
  for (const auto& any : wire.details()) {
    if (any.Is<Detail>()) any.UnpackTo(&detail);
  }
  return detail;
}

google::rpc::ErrorInfo InfoOf(const absl::Status& status) {
  return DetailOf<google::rpc::ErrorInfo>(status);
}

std::string Metadata(const absl::Status& status, const std::string& key) {
  const auto info = InfoOf(status);
  const auto entry = info.metadata().find(key);
  return entry == info.metadata().end() ? "" : entry->second;
}

Digest DigestOf(uint8_t byte) {
  Digest digest;
  digest.fill(byte);
  return digest;
}

TEST(ErrorsTest, EveryErrorNamesAReasonOfTheApi) {
  const Digest a = DigestOf(1), b = DigestOf(2);
  for (const absl::Status& status :
       {InvalidField("f", "d"), RowOutOfRange("row 9", 5), BundleNotFound("bundles/a", ""),
        DigestMismatch("r", a, b), NumericsUnavailable("r", a, b), AddressMismatch(a, b),
        FeatureSpaceMismatch("r", a, b), EncoderMissing("r"),
        QueueFull("max_queued_rows", 1, 2, absl::Seconds(1)),
        TooManyStreams("max_streams", 1, absl::Seconds(1)),
        OutOfMemory(absl::ResourceExhaustedError("x")), StreamIdle(absl::Seconds(1)),
        RequestTooLarge(kMaxRequestBytes + 1), Draining(absl::Seconds(1)),
        BundleLoading("r", absl::Seconds(1)), BundleDamaged("r", "f"),
        Internal(absl::InternalError("x"))}) {
    const google::rpc::ErrorInfo info = InfoOf(status);
    v1::ErrorReason reason;
    EXPECT_TRUE(v1::ErrorReason_Parse("ERROR_REASON_" + info.reason(), &reason)) << status;
    EXPECT_EQ(info.domain(), "tailcast");
    EXPECT_EQ(ErrorReasonOf(status), info.reason());
  }
}

TEST(ErrorsTest, WhatReachesACallerHasAReasonUnlessTheCallerWantedIt) {
  for (const absl::Status& status :
       {absl::OkStatus(), absl::CancelledError("c"), absl::DeadlineExceededError("d"),
        BundleLoading("r", absl::Seconds(1)), RowOutOfRange("row 9", 5)}) {
    EXPECT_EQ(ForCaller(status), status);
  }
  for (const absl::Status& raw : {absl::InternalError("secret"), absl::UnknownError("secret"),
                                  absl::InvalidArgumentError("secret")}) {
    const absl::Status status = ForCaller(raw);
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_EQ(ErrorReasonOf(status), "INTERNAL");
    EXPECT_EQ(status.message().find("secret"), std::string::npos);
  }
}

TEST(ErrorsTest, OutOfMemoryAsksToComeBackLater) {
  const absl::Status status = ForCaller(absl::ResourceExhaustedError("tried to allocate 9 GiB"));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReasonOf(status), "LIMIT_EXCEEDED");
  EXPECT_EQ(Metadata(status, "limit"), "memory");
  EXPECT_EQ(Metadata(status, "incident").size(), 16u);
  EXPECT_GT(DetailOf<google::rpc::RetryInfo>(status).retry_delay().seconds(), 0);
}

TEST(ErrorsTest, InvalidFieldsNamesEachField) {
  const absl::Status status = InvalidFields({{.field = "seed", .description = "is -1"},
                                             {.field = "rows.start_row", .description = "is -2"}});

  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const auto bad_request = DetailOf<google::rpc::BadRequest>(status);
  ASSERT_EQ(bad_request.field_violations_size(), 2);
  EXPECT_EQ(bad_request.field_violations(1).field(), "rows.start_row");
  EXPECT_EQ(bad_request.field_violations(1).description(), "is -2");
  EXPECT_EQ(status.message(), "seed is -1; rows.start_row is -2");
}

TEST(ErrorsTest, MoreViolationsThanTrailersHoldAreCounted) {
  const std::vector<FieldViolation> violations(kMaxFieldViolations + 5, {"field", "wrong"});

  const absl::Status status = InvalidFields(violations);

  EXPECT_EQ(DetailOf<google::rpc::BadRequest>(status).field_violations_size(),
            static_cast<int>(kMaxFieldViolations));
  EXPECT_NE(status.message().find("and 5 more"), std::string::npos);
}

// gRPC clients refuse more than 8 KiB.
TEST(ErrorsTest, TheWorstErrorFitsIntoTrailers) {
  const std::string wide(5000, '\xC3');
  const std::vector<FieldViolation> violations(100, {wide, wide});
  const grpc::Status status = ToGrpcStatus(InvalidFields(violations));
  const size_t percent_encoded = 3 * status.error_message().size();
  const size_t base64 = status.error_details().size() * 4 / 3 + 4;
  EXPECT_LT(percent_encoded + base64, 8u << 10);
}

TEST(ErrorsTest, MismatchesNameExpectedAndActual) {
  const absl::Status status = AddressMismatch(DigestOf(0xAA), DigestOf(0xBB));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Metadata(status, "expected"), ToHex(DigestOf(0xAA)));
  EXPECT_EQ(Metadata(status, "actual"), ToHex(DigestOf(0xBB)));
  const auto failure = DetailOf<google::rpc::PreconditionFailure>(status);
  ASSERT_EQ(failure.violations_size(), 1);
  EXPECT_EQ(failure.violations(0).type(), "ADDRESS_MISMATCH");
  EXPECT_EQ(Metadata(NumericsUnavailable("r", DigestOf(1), DigestOf(2)), "available"),
            ToHex(DigestOf(2)));
}

TEST(ErrorsTest, FullQueuesAndDrainsSayWhenToComeBack) {
  const absl::Status full = QueueFull("max_queued_rows", 100, 120, absl::Milliseconds(1500));
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Metadata(full, "limit"), "max_queued_rows");
  EXPECT_EQ(Metadata(full, "value"), "100");
  const auto retry = DetailOf<google::rpc::RetryInfo>(full).retry_delay();
  EXPECT_EQ(retry.seconds(), 1);
  EXPECT_EQ(retry.nanos(), 500'000'000);
  EXPECT_EQ(Draining(absl::Seconds(1)).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(DetailOf<google::rpc::RetryInfo>(Draining(absl::Seconds(2))).retry_delay().seconds(),
            2);
}

TEST(ErrorsTest, NotFoundNamesTheResourceAndAPinnedDigest) {
  const absl::Status status =
      BundleNotFound("bundles/a/versions/9", "its highest version is 3", DigestOf(7));
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(DetailOf<google::rpc::ResourceInfo>(status).resource_name(), "bundles/a/versions/9");
  EXPECT_EQ(Metadata(status, "digest"), ToHex(DigestOf(7)));
}

TEST(ErrorsTest, OnlyAFileThatIsNamedIsCalledDamaged) {
  const absl::Status damaged = BundleDamaged("bundles/a/versions/1", "encoder.safetensors");
  EXPECT_EQ(damaged.message(),
            "bundles/a/versions/1 is damaged: its file encoder.safetensors cannot be read or does "
            "not match the manifest; the server's log says more");
  const absl::Status wrong = BundleDamaged("bundles/a/versions/1", "");
  EXPECT_EQ(wrong.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(wrong.message(),
            "bundles/a/versions/1 cannot be served: its files are as they were published, but what "
            "they hold is wrong; the server's log says more");
}

TEST(ErrorsTest, InternalTellsTheCallerAnIncidentAndNotTheCause) {
  const absl::Status status = Internal(absl::InternalError("/secret/path failed"));
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message().find("secret"), std::string::npos);
  EXPECT_EQ(Metadata(status, "incident").size(), 16u);
  EXPECT_NE(status.message().find(Metadata(status, "incident")), std::string::npos);
  EXPECT_NE(Metadata(status, "incident"),
            Metadata(Internal(absl::InternalError("again")), "incident"));
}

}  // namespace
}  // namespace tailcast::rpc
