#include "core/encoders/small_resnet.h"

#include <ATen/ATen.h>

#include <array>

#include "absl/strings/str_cat.h"

namespace tailcast::encoders {
namespace {

constexpr std::array<int64_t, 3> kStageChannels = {16, 32, 64};
constexpr int64_t kBlocksPerStage = 1;
// Of batch normalisation, LibTorch's own defaults.
constexpr double kNormMomentum = 0.1;
constexpr double kNormEpsilon = 1e-5;

}  // namespace

ConvNormImpl::ConvNormImpl(const ConvNormOptions& options) : options_(options) { reset(); }

void ConvNormImpl::reset() {
  const int64_t out = options_.out_channels;
  weight_ = register_parameter(
      "weight", at::zeros({out, options_.in_channels, options_.kernel_size, options_.kernel_size},
                          at::kFloat));
  scale_ = register_parameter("scale", at::ones({out}, at::kFloat));
  shift_ = register_parameter("shift", at::zeros({out}, at::kFloat));
  running_mean_ = register_buffer("running_mean", at::zeros({out}, at::kFloat));
  running_variance_ = register_buffer("running_variance", at::ones({out}, at::kFloat));
}

at::Tensor ConvNormImpl::forward(const at::Tensor& input) {
  const at::Tensor convolved = at::conv2d(input, weight_, /*bias=*/{}, options_.stride,
                                          /*padding=*/options_.kernel_size / 2);
  return at::batch_norm(convolved, scale_, shift_, running_mean_, running_variance_, is_training(),
                        kNormMomentum, kNormEpsilon, /*cudnn_enabled=*/true);
}

ResidualBlockImpl::ResidualBlockImpl(int64_t in_channels, int64_t out_channels, int64_t stride)
    : in_channels_(in_channels), out_channels_(out_channels), stride_(stride) {
  reset();
}

void ResidualBlockImpl::reset() {
  first_ = register_module(
      "first", ConvNorm(ConvNormOptions{
                   .in_channels = in_channels_, .out_channels = out_channels_, .stride = stride_}));
  second_ = register_module("second", ConvNorm(ConvNormOptions{.in_channels = out_channels_,
                                                               .out_channels = out_channels_}));
  if (stride_ == 1 && in_channels_ == out_channels_) return;
  shortcut_ = register_module("shortcut", ConvNorm(ConvNormOptions{.in_channels = in_channels_,
                                                                   .out_channels = out_channels_,
                                                                   .kernel_size = 1,
                                                                   .stride = stride_}));
}

at::Tensor ResidualBlockImpl::forward(const at::Tensor& input) {
  const at::Tensor changed = second_(at::relu(first_(input)));
  return at::relu(changed + (shortcut_.is_empty() ? input : shortcut_(input)));
}

SmallResnet::SmallResnet(int64_t in_channels) {
  stem_ = register_module("stem", ConvNorm(ConvNormOptions{.in_channels = in_channels,
                                                           .out_channels = kStageChannels.front(),
                                                           .stride = 2}));
  int64_t channels = kStageChannels.front();
  for (size_t stage = 0; stage < kStageChannels.size(); ++stage) {
    for (int64_t block = 0; block < kBlocksPerStage; ++block) {
      // Every stage but the first halves height and width.
      const int64_t stride = stage > 0 && block == 0 ? 2 : 1;
      blocks_.push_back(register_module(absl::StrCat("stage", stage + 1, "_block", block + 1),
                                        ResidualBlock(channels, kStageChannels[stage], stride)));
      channels = kStageChannels[stage];
    }
  }
}

at::Tensor SmallResnet::forward(const at::Tensor& images) {
  at::Tensor hidden = at::relu(stem_(images));                  // [N, 16, H/2, W/2]
  for (ResidualBlock& block : blocks_) hidden = block(hidden);  // -> [N, 64, H/8, W/8]
  return hidden.mean({2, 3});                                   // [N, 64]
}

int64_t SmallResnet::feature_dim() const { return kStageChannels.back(); }

int64_t SmallResnet::peak_activations(int64_t height, int64_t width) const {
  // Of the first stage, whose planes are the largest: a block's input, two layers and their sum.
  constexpr int64_t kLivePlanes = 4;
  return kLivePlanes * kStageChannels.front() * ((height + 1) / 2) * ((width + 1) / 2);
}

}  // namespace tailcast::encoders
