#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "core/bundle/bundle.h"
#include "core/contract/wire_type.h"
#include "tests/fakes/test_server.h"

namespace tailcast {
namespace {

constexpr char kWithEncoder[] = "bundles/images/versions/1";
constexpr char kWithout[] = "bundles/drawn/versions/1";

using grpc::StatusCode;

class EncodeTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = new TestServer;
    version_ = server_->Publish("images", {.with_encoder = true});
    server_->Publish("drawn");
    server_->Start();
    ASSERT_TRUE(server_->AwaitActive(kWithEncoder));
    ASSERT_TRUE(server_->AwaitActive(kWithout));
  }
  static void TearDownTestSuite() {
    server_->Stop();
    delete server_;
  }

  // N images of noise.
  static v1::EncodeRequest RequestOf(int64_t count, int64_t side = 16) {
    v1::EncodeRequest request;
    request.set_bundle(kWithEncoder);
    v1::Tensor& images = *request.mutable_images();
    images.set_data_type(v1::DATA_TYPE_UINT8);
    for (const int64_t size : {count, side, side, int64_t{1}}) images.add_shape(size);
    std::mt19937 random(1);
    std::string data(count * side * side, '\0');
    for (char& byte : data) byte = static_cast<char>(random());
    images.set_data(std::move(data));
    return request;
  }

  static grpc::Status Encode(const v1::EncodeRequest& request, v1::EncodeResponse& response) {
    grpc::ClientContext context;
    return server_->features().Encode(&context, request, &response);
  }
  static grpc::Status StatusOf(const v1::EncodeRequest& request) {
    v1::EncodeResponse response;
    return Encode(request, response);
  }

  // In process, without the server.
  static std::string Reference(const v1::EncodeRequest& request, WireType type) {
    const auto bundle = bundle::ReadBundle(version_.folder).value();
    const std::vector<int64_t> shape(request.images().shape().begin(),
                                     request.images().shape().end());
    const at::Tensor images =
        at::from_blob(const_cast<char*>(request.images().data().data()), shape, at::kByte);
    const at::Tensor features =
        bundle->encoder->Encode(images, [] { return false; }).value().contiguous();
    std::string bytes(features.numel() * WireTypeSize(type), '\0');
    EncodeWire(absl::MakeConstSpan(features.const_data_ptr<float>(), features.numel()), type,
               bytes.data());
    return bytes;
  }

  static TestServer* server_;
  static bundle::VersionInfo version_;
};
TestServer* EncodeTest::server_ = nullptr;
bundle::VersionInfo EncodeTest::version_;

TEST_F(EncodeTest, FeaturesAreThoseOfTheEncoder) {
  const v1::EncodeRequest request = RequestOf(7);
  v1::EncodeResponse response;
  const grpc::Status status = Encode(request, response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.features().shape(0), 7);
  EXPECT_EQ(response.features().shape(1), 64);
  EXPECT_EQ(response.features().data_type(), v1::DATA_TYPE_FLOAT32);
  EXPECT_EQ(response.features().data(), Reference(request, WireType::kFloat32));
  EXPECT_EQ(response.bundle(), kWithEncoder);
  EXPECT_EQ(response.bundle_digest(), ToBytes(version_.digest));
  EXPECT_EQ(response.feature_space_digest().size(), 32u);
  EXPECT_EQ(response.numerics_id().size(), 32u);
}

TEST_F(EncodeTest, SmallerTypesAreRounded) {
  v1::EncodeRequest request = RequestOf(3);
  request.set_data_type(v1::DATA_TYPE_BFLOAT16);
  v1::EncodeResponse response;
  ASSERT_TRUE(Encode(request, response).ok());
  EXPECT_EQ(response.features().data(), Reference(request, WireType::kBfloat16));
}

TEST_F(EncodeTest, ManyAtOnceGetTheirOwnFeatures) {
  std::vector<std::thread> clients;
  for (int i = 1; i <= 6; ++i) {
    clients.emplace_back([i] {
      const v1::EncodeRequest request = RequestOf(i * 5);
      v1::EncodeResponse response;
      ASSERT_TRUE(Encode(request, response).ok());
      EXPECT_EQ(response.features().data(), Reference(request, WireType::kFloat32));
    });
  }
  for (std::thread& client : clients) client.join();
}

TEST_F(EncodeTest, ABundleWithoutEncoderSaysSo) {
  v1::EncodeRequest request = RequestOf(1);
  request.set_bundle(kWithout);
  const grpc::Status status = StatusOf(request);
  EXPECT_EQ(status.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ReasonOf(status), "ENCODER_MISSING");
}

TEST_F(EncodeTest, ImagesOfAnotherSizeAreRefused) {
  const grpc::Status status = StatusOf(RequestOf(1, /*side=*/20));
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(WrongFieldsOf(status), std::vector<std::string>{"images.shape"});
  EXPECT_NE(status.error_message().find("[N, 16, 16, 1]"), std::string::npos);
}

TEST_F(EncodeTest, ImagesAtTheLimitAreTakenAndAboveRefused) {
  const int64_t most = (3 << 20) / (16 * 16);
  EXPECT_TRUE(StatusOf(RequestOf(most)).ok());
  const grpc::Status status = StatusOf(RequestOf(most + 1));
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(WrongFieldsOf(status), std::vector<std::string>{"images.shape"});
}

TEST_F(EncodeTest, UnknownBundlesAndWrongPinsAreRefused) {
  v1::EncodeRequest request = RequestOf(1);
  request.set_bundle("bundles/images/versions/9");
  EXPECT_EQ(StatusOf(request).error_code(), StatusCode::NOT_FOUND);
  request.set_bundle(kWithEncoder);
  request.set_bundle_digest(std::string(32, 'x'));
  EXPECT_EQ(ReasonOf(StatusOf(request)), "BUNDLE_DIGEST_MISMATCH");
}

}  // namespace
}  // namespace tailcast
