#include "core/encoders/trained_encoder.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/contract/address.h"
#include "core/encoders/normalize_images.h"
#include "core/tensor/compute_threads.h"
#include "core/tensor/module_io.h"
#include "core/tensor/torch_status.h"

namespace tailcast::encoders {
namespace {

// Of one pass: its input, normalised, and what the network holds at once.
constexpr int64_t kPassBytes = int64_t{64} << 20;
constexpr int64_t kMaxImagesPerPass = 128;
// Copies of the input that NormalizeImages() holds at once.
constexpr int64_t kInputCopies = 3;

// A pure function of the encoder, for the bits of a feature depend on it.
int64_t ImagesPerPass(const ImageInput& input, const Encoder& encoder) {
  const int64_t values = kInputCopies * int64_t{input.height} * input.width * input.channels() +
                         encoder.peak_activations(input.height, input.width);
  const auto bytes = values * static_cast<int64_t>(sizeof(float));
  return std::clamp<int64_t>(kPassBytes / bytes, 1, kMaxImagesPerPass);
}

absl::Status CheckWeights(const NamedTensors& tensors, const std::string& what) {
  for (const auto& [name, tensor] : tensors) {
    if (!at::isfinite(tensor).all().item<bool>()) {
      return absl::InvalidArgumentError(absl::StrCat(
          what, ": tensor '", name, "' has a NaN or infinite value; expected finite weights"));
    }
  }
  return absl::OkStatus();
}

// images: [n, H, W, C], n <= count -> [count, H, W, C]
at::Tensor PadTo(int64_t count, const at::Tensor& images) {
  const int64_t missing = count - images.size(0);
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
                                      TensorDigests(ModuleTensors(*encoder_)))),
      images_per_pass_(ImagesPerPass(spec_.input, *encoder_)) {}

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

void TrainedEncoder::RunPass(int64_t start, const at::Tensor& images,
                             const at::Tensor& features) const {
  const int64_t end = std::min(images.size(0), start + images_per_pass_);
  const at::Tensor padded = PadTo(images_per_pass_, images.slice(0, start, end));
  const at::Tensor encoded = encoder_->forward(NormalizeImages(padded, spec_.input));
  features.slice(0, start, end).copy_(encoded.slice(0, 0, end - start));
}

absl::StatusOr<at::Tensor> TrainedEncoder::Encode(const at::Tensor& images,
                                                  absl::FunctionRef<bool()> is_cancelled) const {
  return CatchTorchErrors([&]() -> absl::StatusOr<at::Tensor> {
    RETURN_IF_ERROR(CheckImages(images, spec_.input, "images"));
    const int64_t count = images.size(0);
    const at::Tensor features = at::empty({count, feature_dim()}, at::kFloat);  // [N, D]
    // As many passes at once as there are threads, each on one.
    const int64_t round_images = images_per_pass_ * ComputeThreads();
    for (int64_t start = 0; start < count; start += round_images) {
      if (is_cancelled()) {
        return absl::CancelledError(
            absl::StrCat("encoding was cancelled after ", start, " of ", count, " images"));
      }
      const int64_t left = std::min(round_images, count - start);
      const int64_t passes = (left + images_per_pass_ - 1) / images_per_pass_;
      at::parallel_for(0, passes, /*grain_size=*/1, [&](int64_t first, int64_t last) {
        const at::NoGradGuard no_grad;
        const OneComputeThread one_thread;
        for (int64_t pass = first; pass < last; ++pass) {
          RunPass(start + pass * images_per_pass_, images, features);
        }
      });
    }
    return features;
  });
}

Digest TrainedEncoder::feature_space() const {
  return FeatureSpaceDigest(fingerprint_, static_cast<uint32_t>(feature_dim()), non_negative());
}

NamedTensors TrainedEncoder::tensors() const { return ModuleTensors(*encoder_); }

}  // namespace tailcast::encoders
