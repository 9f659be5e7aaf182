#include "core/training/weight_init.h"

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include <cmath>

namespace tailcast::training {
namespace {

constexpr int64_t kConvolutionDims = 4;  // [C', C, height, width]

}  // namespace

void DrawConvolutionWeights(torch::nn::Module& module, at::Generator rng) {
  const at::NoGradGuard no_grad;
  for (at::Tensor& parameter : module.parameters()) {
    if (parameter.dim() != kConvolutionDims) continue;
    const int64_t fan_out = parameter.size(0) * parameter.size(2) * parameter.size(3);
    parameter.normal_(/*mean=*/0, std::sqrt(2.0 / static_cast<double>(fan_out)), rng);
  }
}

classifiers::LinearHead DrawLinearHead(int64_t num_classes, int64_t feature_dim,
                                       at::Generator rng) {
  const double bound = 1 / std::sqrt(static_cast<double>(feature_dim));
  const auto options = at::TensorOptions(at::kFloat);
  return {.weight = at::empty({num_classes, feature_dim}, options).uniform_(-bound, bound, rng),
          .bias = at::zeros({num_classes}, options)};
}

}  // namespace tailcast::training
