#include "server/rpc/status_conversion.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/cord.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"
#include "server/rpc/limits.h"

namespace tailcast::rpc {
namespace {

TEST(ToGrpcStatusTest, CarriesPayloadsAsDetails) {
  google::rpc::ResourceInfo info;
  info.set_resource_name("bundles/a/versions/1");
  absl::Status status = absl::NotFoundError("no such bundle");
  status.SetPayload("type.googleapis.com/google.rpc.ResourceInfo",
                    absl::Cord(info.SerializeAsString()));

  const grpc::Status converted = ToGrpcStatus(status);

  EXPECT_EQ(converted.error_code(), grpc::StatusCode::NOT_FOUND);
  google::rpc::Status wire;
  ASSERT_TRUE(wire.ParseFromString(converted.error_details()));
  google::rpc::ResourceInfo received;
  ASSERT_EQ(wire.details_size(), 1);
  ASSERT_TRUE(wire.details(0).UnpackTo(&received));
  EXPECT_EQ(received.resource_name(), "bundles/a/versions/1");
}

TEST(ToGrpcStatusTest, KeepsCoresOwnPayloadsToItself) {
  absl::Status status = absl::InvalidArgumentError("wrong");
  status.SetPayload("tailcast.dev/field_violations", absl::Cord("[]"));

  google::rpc::Status wire;
  ASSERT_TRUE(wire.ParseFromString(ToGrpcStatus(status).error_details()));
  EXPECT_EQ(wire.details_size(), 0);
}

TEST(ToGrpcStatusTest, CutsLongMessages) {
  const auto at_limit = absl::InternalError(std::string(kMaxErrorMessageBytes, 'x'));
  const auto above = absl::InternalError(std::string(kMaxErrorMessageBytes + 1, 'x'));

  EXPECT_EQ(ToGrpcStatus(at_limit).error_message().size(), kMaxErrorMessageBytes);
  EXPECT_EQ(ToGrpcStatus(above).error_message().size(), kMaxErrorMessageBytes);
}

TEST(CutTextTest, NeverCutsACharacterInHalf) {
  const std::string text = "ab\xC3\xA4\xE2\x82\xAC";  // a, b, a-umlaut (2 bytes), euro sign (3)
  EXPECT_EQ(CutText(text, 2), "ab");
  EXPECT_EQ(CutText(text, 3), "ab");
  EXPECT_EQ(CutText(text, 4), "ab\xC3\xA4");
  EXPECT_EQ(CutText(text, 6), "ab\xC3\xA4");
  EXPECT_EQ(CutText(text, 7), text);
  EXPECT_EQ(CutText(text, 100), text);
}

}  // namespace
}  // namespace tailcast::rpc
