#include "client/library/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/library/fake_server.h"

namespace tailcast::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ErrorTest, KeepsCodeServerTextAndFields) {
  const absl::Status status =
      FromGrpcStatus(MakeError({.code = grpc::StatusCode::INVALID_ARGUMENT,
                                .message = "2 fields are wrong",
                                .reason = v1::ERROR_REASON_INVALID_FIELD,
                                .field_violations = {{"stream.seed", "is -1; expected >= 0"},
                                                     {"stream.plan", "is empty"}}}),
                     "host:7");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "server host:7: 2 fields are wrong (stream.seed: is -1; expected >= 0; stream.plan: is "
            "empty)");
  EXPECT_EQ(DetailsOf(status).reason, v1::ERROR_REASON_INVALID_FIELD);
  EXPECT_FALSE(IsTransient(status));
}

TEST(ErrorTest, SaysExpectedAndActualOnce) {
  const absl::Status status =
      FromGrpcStatus(MakeError({.code = grpc::StatusCode::FAILED_PRECONDITION,
                                .message = "the address is tc1-22, not tc1-11",
                                .reason = v1::ERROR_REASON_ADDRESS_MISMATCH,
                                .metadata = {{"expected", "tc1-11"}, {"actual", "tc1-22"}}}),
                     "host:7");
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("(")));
  EXPECT_EQ(DetailsOf(status).metadata.at("expected"), "tc1-11");
  EXPECT_TRUE(IsReplicaMismatch(status));
}

TEST(ErrorTest, ReadsTheDelayToTheNanosecond) {
  const absl::Status status = FromGrpcStatus(MakeError({.code = grpc::StatusCode::UNAVAILABLE,
                                                        .reason = v1::ERROR_REASON_BUNDLE_LOADING,
                                                        .retry_delay = absl::Milliseconds(2500)}),
                                             "host:7");
  EXPECT_EQ(DetailsOf(status).retry_delay, absl::Milliseconds(2500));
  EXPECT_TRUE(IsTransient(status));
}

TEST(ErrorTest, ExhaustedIsTransientOnlyWithADelay) {
  const FakeError error = {.code = grpc::StatusCode::RESOURCE_EXHAUSTED,
                           .reason = v1::ERROR_REASON_LIMIT_EXCEEDED};
  EXPECT_FALSE(IsTransient(FromGrpcStatus(MakeError(error), "h:1")));
  FakeError delayed = error;
  delayed.retry_delay = absl::Seconds(1);
  EXPECT_TRUE(IsTransient(FromGrpcStatus(MakeError(delayed), "h:1")));
}

TEST(ErrorTest, ABrokenConnectionIsTransientAndAServicesOwnErrorIsNot) {
  for (const auto code : {grpc::StatusCode::UNKNOWN, grpc::StatusCode::INTERNAL,
                          grpc::StatusCode::CANCELLED, grpc::StatusCode::DEADLINE_EXCEEDED}) {
    EXPECT_TRUE(IsTransient(FromGrpcStatus(grpc::Status(code, "RST_STREAM"), "h:1"))) << code;
  }
  EXPECT_FALSE(IsTransient(FromGrpcStatus(
      MakeError({.code = grpc::StatusCode::INTERNAL, .reason = v1::ERROR_REASON_INTERNAL}),
      "h:1")));
  EXPECT_FALSE(
      IsTransient(FromGrpcStatus(MakeError({.code = grpc::StatusCode::DEADLINE_EXCEEDED,
                                            .reason = v1::ERROR_REASON_DEADLINE_INFEASIBLE}),
                                 "h:1")));
}

TEST(ErrorTest, DamagedDetailsAreIgnored) {
  const absl::Status status = FromGrpcStatus(
      grpc::Status(grpc::StatusCode::NOT_FOUND, "no", "\xff\xff not a proto"), "h:1");
  EXPECT_EQ(status.message(), "server h:1: no");
  EXPECT_EQ(DetailsOf(status).reason, v1::ERROR_REASON_UNSPECIFIED);
}

}  // namespace
}  // namespace tailcast::client
