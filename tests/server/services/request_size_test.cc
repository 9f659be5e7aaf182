// Requests that are too large, or none at all.
#include <gtest/gtest.h>

#include <utility>

#include "server/rpc/limits.h"
#include "tests/server/services/drawn_bundle_test.h"

namespace tailcast {
namespace {

using grpc::StatusCode;
using Fields = std::vector<std::string>;

class RequestSizeTest : public DrawnBundleTest {
 protected:
  // What the server answers to any bytes.
  static grpc::Status StatusOfBytes(const std::string& bytes) {
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ClientContext context;
    const grpc::internal::RpcMethod method("/tailcast.v1.FeatureService/Generate",
                                           grpc::internal::RpcMethod::SERVER_STREAMING);
    const std::unique_ptr<grpc::ClientReader<grpc::ByteBuffer>> reader(
        grpc::internal::ClientReaderFactory<grpc::ByteBuffer>::Create(server_->channel().get(),
                                                                      method, &context, request));
    grpc::ByteBuffer response;
    while (reader->Read(&response)) {
    }
    return reader->Finish();
  }
};

// A message of exactly so many bytes, by the length of a field that is wrong anyhow.
template <typename Message, typename SetField>
Message MessageOf(Message message, int64_t size, const SetField& set_field) {
  size_t field_size = static_cast<size_t>(size) - message.ByteSizeLong();
  set_field(message, std::string(field_size, 'x'));
  field_size -= message.ByteSizeLong() - static_cast<size_t>(size);  // tag and length
  set_field(message, std::string(field_size, 'x'));
  EXPECT_EQ(message.ByteSizeLong(), static_cast<size_t>(size));
  return message;
}

void ExpectTooLarge(const grpc::Status& status) {
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(status), "INVALID_FIELD");
  EXPECT_EQ(WrongFieldsOf(status), Fields{"request"});
  EXPECT_EQ(status.error_message(), "request has 4194305 bytes; expected at most 4194304");
}

void SetAddress(v1::GenerateRequest& request, std::string bytes) {
  request.set_expected_address(std::move(bytes));
}

TEST_F(RequestSizeTest, AStreamsRequestAtTheLimitIsReadAndAboveRefused) {
  const auto status_of = [](int64_t size) {
    return server_->Generate(MessageOf(RequestOf(kBundle, 0, 1), size, SetAddress)).status;
  };
  const grpc::Status at_limit = status_of(rpc::kMaxRequestBytes);
  EXPECT_EQ(WrongFieldsOf(at_limit), Fields{"expected_address"}) << at_limit.error_message();
  ExpectTooLarge(status_of(rpc::kMaxRequestBytes + 1));
}

TEST_F(RequestSizeTest, OtherRequestsAtTheLimitAreReadAndAboveRefused) {
  const auto estimate = [](int64_t size) {
    v1::EstimateRequest request;
    *request.mutable_generate() = RequestOf(kBundle, 0, 1);
    request = MessageOf(std::move(request), size, [](auto& message, std::string bytes) {
      SetAddress(*message.mutable_generate(), std::move(bytes));
    });
    grpc::ClientContext context;
    v1::EstimateResponse response;
    return server_->features().Estimate(&context, request, &response);
  };
  EXPECT_EQ(WrongFieldsOf(estimate(rpc::kMaxRequestBytes)), Fields{"expected_address"});
  ExpectTooLarge(estimate(rpc::kMaxRequestBytes + 1));

  const auto encode = [](int64_t size) {
    v1::EncodeRequest request;
    request.set_bundle(kBundle);
    request = MessageOf(std::move(request), size, [](auto& message, std::string bytes) {
      message.set_bundle_digest(std::move(bytes));
    });
    grpc::ClientContext context;
    v1::EncodeResponse response;
    return server_->features().Encode(&context, request, &response);
  };
  EXPECT_NE(WrongFieldsOf(encode(rpc::kMaxRequestBytes)), Fields{"request"});
  ExpectTooLarge(encode(rpc::kMaxRequestBytes + 1));

  const auto get_bundle = [](int64_t size) {
    const auto request =
        MessageOf(v1::GetBundleRequest(), size,
                  [](auto& message, std::string bytes) { message.set_name(std::move(bytes)); });
    grpc::ClientContext context;
    v1::Bundle response;
    return server_->bundles().GetBundle(&context, request, &response);
  };
  EXPECT_EQ(WrongFieldsOf(get_bundle(rpc::kMaxRequestBytes)), Fields{"name"});
  ExpectTooLarge(get_bundle(rpc::kMaxRequestBytes + 1));
}

TEST_F(RequestSizeTest, GrpcItselfRefusesWhatIsFarTooLarge) {
  const grpc::Status status =
      server_->Generate(MessageOf(RequestOf(kBundle, 0, 1), rpc::kMaxReceivedBytes + 1, SetAddress))
          .status;
  EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(status), "");
}

TEST_F(RequestSizeTest, BytesThatAreNoRequestAreRefused) {
  for (const char* const bytes : {"\x0A\x05", "\xFF\xFF\xFF", "plain text"}) {
    const grpc::Status status = StatusOfBytes(bytes);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(ReasonOf(status), "INVALID_FIELD");
    EXPECT_EQ(WrongFieldsOf(status), Fields{"request"});
    EXPECT_NE(status.error_message().find("tailcast.v1.GenerateRequest"), std::string::npos);
  }
}

}  // namespace
}  // namespace tailcast
