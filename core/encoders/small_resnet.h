#ifndef TAILCAST_CORE_ENCODERS_SMALL_RESNET_H_
#define TAILCAST_CORE_ENCODERS_SMALL_RESNET_H_

#include <ATen/core/Tensor.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <vector>

#include "core/encoders/encoder.h"

namespace tailcast::encoders {

struct ConvNormOptions {
  int64_t in_channels = 0, out_channels = 0;
  int64_t kernel_size = 3;
  int64_t stride = 1;
};

// Convolution without bias, padded to keep the size, and batch normalisation. [N, C, H, W] -> [N,
// C', H', W'].
class ConvNormImpl : public torch::nn::Cloneable<ConvNormImpl> {
 public:
  explicit ConvNormImpl(const ConvNormOptions& options);
  void reset() override;
  at::Tensor forward(const at::Tensor& input);

 private:
  ConvNormOptions options_;
  at::Tensor weight_, scale_, shift_;           // parameters
  at::Tensor running_mean_, running_variance_;  // buffers
};
TORCH_MODULE(ConvNorm);

// Two convolutions and a shortcut (He et al. 2016, https://arxiv.org/abs/1512.03385); the shortcut
// is the input, or a 1 x 1 convolution where size or channels change.
class ResidualBlockImpl : public torch::nn::Cloneable<ResidualBlockImpl> {
 public:
  ResidualBlockImpl(int64_t in_channels, int64_t out_channels, int64_t stride);
  void reset() override;
  at::Tensor forward(const at::Tensor& input);

 private:
  int64_t in_channels_, out_channels_, stride_;
  ConvNorm first_{nullptr}, second_{nullptr}, shortcut_{nullptr};
};
TORCH_MODULE(ResidualBlock);

// Residual network for small images: a convolution with stride 2, three stages of 16, 32 and 64
// channels, the mean over all places after ReLU: 64 features that are never negative. 16 x 16
// pixels or more, any number of channels.
//
// Weights are zero (scales one) until they are loaded or drawn. Names of modules and parameters are
// file format.
class SmallResnet final : public Encoder {
 public:
  explicit SmallResnet(int64_t in_channels);

  at::Tensor forward(const at::Tensor& images) override;
  int64_t feature_dim() const override;
  int64_t peak_activations(int64_t height, int64_t width) const override;
  bool non_negative() const override { return true; }

 private:
  ConvNorm stem_{nullptr};
  std::vector<ResidualBlock> blocks_;
};

}  // namespace tailcast::encoders

#endif  // TAILCAST_CORE_ENCODERS_SMALL_RESNET_H_
