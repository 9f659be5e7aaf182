#include "core/encoders/normalize_images.h"

#include <ATen/ATen.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/tensor/checks.h"

namespace tailcast::encoders {
namespace {

constexpr double kMaxPixel = 255;

// [C] -> [1, C, 1, 1] f32
at::Tensor PerChannel(const std::vector<double>& values) {
  return at::tensor(values, at::kDouble).to(at::kFloat).reshape({1, -1, 1, 1});
}

}  // namespace

absl::Status CheckImages(const at::Tensor& images, const ImageInput& input,
                         const std::string& what) {
  RETURN_IF_ERROR(CheckShape(images, {-1, input.height, input.width, input.channels()}, what));
  if (images.scalar_type() != at::kByte) {
    return absl::InvalidArgumentError(absl::StrCat(
        what, " has element type ", at::toString(images.scalar_type()), "; expected Byte"));
  }
  if (images.size(0) == 0) {
    return absl::InvalidArgumentError(absl::StrCat(what, " is empty; expected one or more"));
  }
  return absl::OkStatus();
}

at::Tensor NormalizeImages(const at::Tensor& images, const ImageInput& input) {
  at::Tensor planes = images.permute({0, 3, 1, 2});  // [N, C, H, W]
  if (input.order == ChannelOrder::kBgr) planes = planes.flip({1});
  const at::Tensor values = planes.to(at::kFloat).div_(kMaxPixel).contiguous();
  return (values - PerChannel(input.mean)) / PerChannel(input.std);
}

}  // namespace tailcast::encoders
