// Any bytes, read as an EncodeRequest: conversion says what is wrong and never crashes, and what it
// accepts fits the images and the limits.
#include <google/protobuf/stubs/logging.h>

#include "core/encoders/make_encoder.h"
#include "server/convert/encode_request.h"
#include "server/convert/generate_request.h"
#include "server/rpc/limits.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/request_check.h"

namespace tailcast {
namespace {

constexpr int64_t kSide = 3;
constexpr int64_t kFeatureDim = 1 << 18;  // three rows fill an answer

ImageInput Input() {
  return {
      .height = kSide, .width = kSide, .order = ChannelOrder::kGray, .mean = {0.5}, .std = {0.25}};
}

v1::EncodeRequest Seed(int64_t count) {
  v1::EncodeRequest request;
  request.set_bundle("bundles/faces/versions/3");
  request.set_bundle_digest(std::string(32, '\1'));
  request.set_data_type(v1::DATA_TYPE_FLOAT16);
  v1::Tensor& images = *request.mutable_images();
  images.set_data_type(v1::DATA_TYPE_UINT8);
  for (const int64_t size : {count, kSide, kSide, int64_t{1}}) images.add_shape(size);
  images.set_data(std::string(static_cast<size_t>(count * kSide * kSide), 'x'));
  return request;
}

void CheckAccepted(const v1::EncodeRequest& request, const convert::EncodeOptions& options) {
  FuzzCheck(options.bundle.version.has_value() != options.bundle.label.has_value(),
            "a reference has a version or a label");
  FuzzCheck(options.shape.size() == 4, "images have four dimensions");
  int64_t bytes = 1;
  for (const int64_t size : options.shape) bytes *= size;
  FuzzCheck(bytes >= 1 && bytes <= rpc::kMaxTensorBytes, "images are within the limit");
  FuzzCheck(static_cast<size_t>(bytes) == request.images().data().size(),
            "the shape is the data's");
}

void TestOne(const v1::EncodeRequest& request) {
  convert::RequestFields fields;
  const convert::EncodeOptions options = convert::ToEncodeOptions(request, fields);
  if (fields.ok()) CheckAccepted(request, options);
  convert::CheckImagesAgainst(Input(), kFeatureDim, options, fields);
  if (!fields.ok()) return CheckRefusal(fields);
  FuzzCheck(options.shape[1] == kSide && options.shape[2] == kSide && options.shape[3] == 1,
            "images are of the encoder's size");
  FuzzCheck(
      options.shape[0] * convert::RowBytes(options.wire_type, kFeatureDim) <= rpc::kMaxTensorBytes,
      "features fit into the answer");
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  v1::EncodeRequest label = Seed(1);
  label.set_bundle("bundles/faces/labels/stable");
  label.clear_bundle_digest();
  return {Seed(2).SerializeAsString(), Seed(4).SerializeAsString(), label.SerializeAsString()};
}

}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const google::protobuf::LogSilencer silencer;  // malformed text is expected here
  tailcast::v1::EncodeRequest request;
  if (request.ParseFromArray(data, static_cast<int>(size))) tailcast::TestOne(request);
  return 0;
}
