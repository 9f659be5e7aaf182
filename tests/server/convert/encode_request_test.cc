#include "server/convert/encode_request.h"

#include <gtest/gtest.h>

#include <string>

#include "server/rpc/limits.h"

namespace tailcast::convert {
namespace {

v1::EncodeRequest RequestOf(const std::vector<int64_t>& shape, size_t bytes) {
  v1::EncodeRequest request;
  request.set_bundle("bundles/faces/versions/1");
  v1::Tensor& images = *request.mutable_images();
  images.set_data_type(v1::DATA_TYPE_UINT8);
  for (const int64_t size : shape) images.add_shape(size);
  images.set_data(std::string(bytes, 'x'));
  return request;
}

std::vector<std::string> WrongFields(const v1::EncodeRequest& request) {
  RequestFields fields;
  ToEncodeOptions(request, fields);
  std::vector<std::string> names;
  for (const FieldViolation& violation : fields.violations()) names.push_back(violation.field);
  return names;
}

using Names = std::vector<std::string>;

TEST(EncodeRequestTest, ReadsImages) {
  RequestFields fields;
  const EncodeOptions options = ToEncodeOptions(RequestOf({2, 16, 17, 3}, 2 * 16 * 17 * 3), fields);
  EXPECT_TRUE(fields.ok());
  EXPECT_EQ(options.shape, (std::vector<int64_t>{2, 16, 17, 3}));
}

TEST(EncodeRequestTest, ShapeAndDataMustAgree) {
  EXPECT_EQ(WrongFields(RequestOf({2, 16, 16, 1}, 2 * 16 * 16 - 1)), Names{"images.data"});
  EXPECT_EQ(WrongFields(RequestOf({2, 16, 16, 1}, 2 * 16 * 16 + 1)), Names{"images.data"});
}

TEST(EncodeRequestTest, OddShapesAreRefused) {
  EXPECT_EQ(WrongFields(RequestOf({}, 0)), Names{"images.shape"});
  EXPECT_EQ(WrongFields(RequestOf({16, 16, 1}, 256)), Names{"images.shape"});
  EXPECT_EQ(WrongFields(RequestOf({0, 16, 16, 1}, 0)), Names{"images.shape"});
  EXPECT_EQ(WrongFields(RequestOf({-1, 16, 16, 1}, 256)), Names{"images.shape"});
  EXPECT_EQ(WrongFields(RequestOf({int64_t{1} << 62, int64_t{1} << 62, 16, 1}, 256)),
            Names{"images.shape"});
}

TEST(EncodeRequestTest, ImagesAtTheLimitAndAbove) {
  EXPECT_EQ(WrongFields(RequestOf({3, 1024, 1024, 1}, rpc::kMaxTensorBytes)), Names{});
  EXPECT_EQ(WrongFields(RequestOf({1, 1, rpc::kMaxTensorBytes + 1, 1}, rpc::kMaxTensorBytes + 1)),
            Names{"images.shape"});
}

TEST(EncodeRequestTest, ImagesAreBytes) {
  v1::EncodeRequest request = RequestOf({1, 16, 16, 1}, 256);
  request.mutable_images()->set_data_type(v1::DATA_TYPE_FLOAT32);
  EXPECT_EQ(WrongFields(request), Names{"images.data_type"});
}

TEST(EncodeRequestTest, ImagesMustBeAsTheEncoderTakesThem) {
  const ImageInput input = {
      .height = 28, .width = 30, .order = ChannelOrder::kGray, .mean = {0.5}, .std = {0.5}};
  const auto wrong = [&](const std::vector<int64_t>& shape, int64_t feature_dim) {
    RequestFields fields;
    EncodeOptions options;
    options.shape = shape;
    CheckImagesAgainst(input, feature_dim, options, fields);
    return fields.violations().size();
  };
  EXPECT_EQ(wrong({5, 28, 30, 1}, 64), 0u);
  EXPECT_EQ(wrong({5, 30, 28, 1}, 64), 1u);
  EXPECT_EQ(wrong({5, 28, 30, 3}, 64), 1u);
  const int64_t most = rpc::kMaxTensorBytes / (64 * 4);  // features of 4 bytes
  EXPECT_EQ(wrong({most, 28, 30, 1}, 64), 0u);
  EXPECT_EQ(wrong({most + 1, 28, 30, 1}, 64), 1u);
}

}  // namespace
}  // namespace tailcast::convert
