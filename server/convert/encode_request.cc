#include "server/convert/encode_request.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/convert/generate_request.h"
#include "server/rpc/limits.h"

namespace tailcast::convert {
namespace {

constexpr int kImageDimensions = 4;

// Bytes of the images; -1 if the shape is wrong or the product passes the limit.
int64_t ImageBytes(const v1::Tensor& images) {
  if (images.shape_size() != kImageDimensions) return -1;
  int64_t bytes = 1;
  for (const int64_t size : images.shape()) {
    if (size < 1 || size > rpc::kMaxTensorBytes / bytes) return -1;
    bytes *= size;
  }
  return bytes;
}

std::string ShapeText(const v1::Tensor& images) {
  constexpr int kShownDimensions = 8;
  const int shown = std::min(images.shape_size(), kShownDimensions);
  return absl::StrCat("[",
                      absl::StrJoin(images.shape().begin(), images.shape().begin() + shown, ", "),
                      shown < images.shape_size() ? ", ...]" : "]");
}

}  // namespace

EncodeOptions ToEncodeOptions(const v1::EncodeRequest& request, RequestFields& fields) {
  EncodeOptions options;
  options.bundle = fields.BundleName("bundle", request.bundle());
  options.bundle_digest = fields.OptionalDigest("bundle_digest", request.bundle_digest());
  options.wire_type = fields.FeatureType("data_type", request.data_type());

  const v1::Tensor& images = request.images();
  if (images.data_type() != v1::DATA_TYPE_UINT8) {
    fields.Wrong("images.data_type",
                 absl::StrCat("is ", static_cast<int>(images.data_type()), "; expected UINT8 (4)"));
  }
  const int64_t bytes = ImageBytes(images);
  if (bytes < 0) {
    fields.Wrong("images.shape",
                 absl::StrCat("is ", ShapeText(images),
                              "; expected [N, height, width, channels], each >= 1, at most ",
                              rpc::kMaxTensorBytes, " bytes in all"));
  } else if (static_cast<int64_t>(images.data().size()) != bytes) {
    fields.Wrong("images.data", absl::StrCat("has ", images.data().size(), " bytes; expected ",
                                             bytes, ", the product of the shape"));
  } else {
    options.shape.assign(images.shape().begin(), images.shape().end());
  }
  return options;
}

void CheckImagesAgainst(const ImageInput& input, int64_t feature_dim, const EncodeOptions& options,
                        RequestFields& fields) {
  if (options.shape.empty()) return;
  const int64_t height = input.height, width = input.width, channels = input.channels();
  if (options.shape[1] != height || options.shape[2] != width || options.shape[3] != channels) {
    fields.Wrong("images.shape", absl::StrCat("is [", absl::StrJoin(options.shape, ", "),
                                              "]; expected [N, ", height, ", ", width, ", ",
                                              channels, "], as the bundle's encoder takes"));
  }
  const int64_t max_images = rpc::kMaxTensorBytes / RowBytes(options.wire_type, feature_dim);
  if (options.shape[0] > max_images) {
    fields.Wrong("images.shape",
                 absl::StrCat("has ", options.shape[0], " images; expected at most ", max_images,
                              ", whose features fill ", rpc::kMaxTensorBytes, " bytes"));
  }
}

}  // namespace tailcast::convert
