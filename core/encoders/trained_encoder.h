#ifndef TAILCAST_CORE_ENCODERS_TRAINED_ENCODER_H_
#define TAILCAST_CORE_ENCODERS_TRAINED_ENCODER_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "core/base/digest.h"
#include "core/encoders/make_encoder.h"
#include "core/tensor/tensor_io.h"

namespace tailcast::encoders {

// An encoder with its weights, in evaluation mode: network, input format, fingerprint. Immutable;
// safe to share.
class TrainedEncoder {
 public:
  // `tensors`: the network's parameters and buffers. INVALID_ARGUMENT names `what` and the tensor.
  static absl::StatusOr<std::shared_ptr<const TrainedEncoder>> Create(const EncoderSpec& spec,
                                                                      const NamedTensors& tensors,
                                                                      const std::string& what);

  // Features of images as decoded (the encoder normalises). A feature has the same bits whatever
  // else was asked at once and however many threads there are: kernels choose their order of
  // summation by the shape and the threads, so every pass has the same number of images, the last
  // one padded, and runs on one thread; ComputeThreads() passes run at once.
  //
  // images:  [N, H, W, C] uint8, N >= 1; INVALID_ARGUMENT for another shape or type
  // returns: [N, D] f32; CANCELLED if `is_cancelled`, asked on the calling thread before the passes
  // that run at once, returns true
  absl::StatusOr<at::Tensor> Encode(const at::Tensor& images,
                                    absl::FunctionRef<bool()> is_cancelled) const;

  // [1, 128], less for larger images, so that memory stays bounded.
  int64_t images_per_pass() const { return images_per_pass_; }
  const EncoderSpec& spec() const { return spec_; }
  int64_t feature_dim() const { return encoder_->feature_dim(); }
  bool non_negative() const { return encoder_->non_negative(); }
  // Digest `encoder.v1`.
  const Digest& fingerprint() const { return fingerprint_; }
  // Digest `feature_space.v1`.
  Digest feature_space() const;
  NamedTensors tensors() const;

 private:
  TrainedEncoder(EncoderSpec spec, std::shared_ptr<Encoder> encoder);

  // Encodes one pass into its rows of `features`: those of the images from `start` on.
  void RunPass(int64_t start, const at::Tensor& images, const at::Tensor& features) const;

  EncoderSpec spec_;
  std::shared_ptr<Encoder> encoder_;
  Digest fingerprint_;
  int64_t images_per_pass_;
};

}  // namespace tailcast::encoders

#endif  // TAILCAST_CORE_ENCODERS_TRAINED_ENCODER_H_
