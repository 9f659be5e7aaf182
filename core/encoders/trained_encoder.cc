#include "core/encoders/trained_encoder.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/contract/address.h"
#include "core/encoders/normalize_images.h"
#include "core/tensor/module_io.h"
#include "core/tensor/torch_status.h"

namespace tailcast::encoders {
namespace {

// Every pass has this many images, the last one padded: kernels choose their order of summation by
// the shape, so equal shapes give an image equal bits whatever lies beside it.
constexpr int64_t kImagesPerPass = 128;

absl::Status CheckWeights(const NamedTensors& tensors, const std::string& what) {
  for (const auto& [name, tensor] : tensors) {
    if (!at::isfinite(tensor).all().item<bool>()) {
      return absl::InvalidArgumentError(absl::StrCat(
          what, ": tensor '", name, "' has a NaN or infinite value; expected finite weights"));
    }
  }
  return absl::OkStatus();
}

// images: [n, H, W, C], n <= kImagesPerPass -> [kImagesPerPass, H, W, C]
at::Tensor PadToPass(const at::Tensor& images) {
  const int64_t missing = kImagesPerPass - images.size(0);
  if (missing == 0) return images;
  std::vector<int64_t> shape = images.sizes().vec();
  shape[0] = missing;
  return at::cat({images, at::zeros(shape, images.options())});
}

}  // namespace

TrainedEncoder::TrainedEncoder(EncoderSpec spec, std::shared_ptr<Encoder> encoder)
    : spec_(std::move(spec)),
      encoder_(std::move(encoder)),
      fingerprint_(EncoderFingerprint(spec_.architecture, spec_.input,
                                      TensorDigests(ModuleTensors(*encoder_)))) {}

absl::StatusOr<std::shared_ptr<const TrainedEncoder>> TrainedEncoder::Create(
    const EncoderSpec& spec, const NamedTensors& tensors, const std::string& what) {
  using Result = absl::StatusOr<std::shared_ptr<const TrainedEncoder>>;
  return CatchTorchErrors([&]() -> Result {
    ASSIGN_OR_RETURN(std::shared_ptr<Encoder> encoder, MakeEncoder(spec));
    RETURN_IF_ERROR(LoadModule(tensors, what, *encoder));
    RETURN_IF_ERROR(CheckWeights(tensors, what));
    encoder->eval();
    return std::shared_ptr<const TrainedEncoder>(new TrainedEncoder(spec, std::move(encoder)));
  });
}

absl::StatusOr<at::Tensor> TrainedEncoder::Encode(const at::Tensor& images,
                                                  absl::FunctionRef<bool()> is_cancelled) const {
  return CatchTorchErrors([&]() -> absl::StatusOr<at::Tensor> {
    RETURN_IF_ERROR(CheckImages(images, spec_.input, "images"));
    const at::NoGradGuard no_grad;
    const int64_t count = images.size(0);
    const at::Tensor features = at::empty({count, feature_dim()}, at::kFloat);  // [N, D]
    for (int64_t start = 0; start < count; start += kImagesPerPass) {
      if (is_cancelled()) {
        return absl::CancelledError(
            absl::StrCat("encoding was cancelled after ", start, " of ", count, " images"));
      }
      const int64_t end = std::min(count, start + kImagesPerPass);
      const at::Tensor batch = NormalizeImages(PadToPass(images.slice(0, start, end)), spec_.input);
      features.slice(0, start, end).copy_(encoder_->forward(batch).slice(0, 0, end - start));
    }
    return features;
  });
}

Digest TrainedEncoder::feature_space() const {
  return FeatureSpaceDigest(fingerprint_, static_cast<uint32_t>(feature_dim()), non_negative());
}

NamedTensors TrainedEncoder::tensors() const { return ModuleTensors(*encoder_); }

}  // namespace tailcast::encoders
