#ifndef TAILCAST_CORE_DIFFUSION_DENOISERS_RESIDUAL_MLP_H_
#define TAILCAST_CORE_DIFFUSION_DENOISERS_RESIDUAL_MLP_H_

#include <torch/nn/modules/linear.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "core/diffusion/denoisers/denoiser.h"
#include "core/diffusion/denoisers/make_denoiser.h"

namespace tailcast::diffusion {

// One residual block: x + output(silu(hidden(layer_norm(x) (1 + scale) + shift))).
class ResidualBlock final : public torch::nn::Module {
 public:
  explicit ResidualBlock(int64_t hidden_dim);

  // x: [B, H]; modulation: [B, 2 H], scale and shift -> [B, H]
  at::Tensor forward(const at::Tensor& x, const at::Tensor& modulation);

  void Initialize(const at::Generator& rng);

 private:
  const int64_t hidden_dim_;
  torch::nn::Linear hidden_{nullptr};
  torch::nn::Linear output_{nullptr};
};

// Residual perceptron whose blocks are modulated by the sum of a timestep and a class embedding, as
// in DiT (Peebles and Xie 2023, https://arxiv.org/abs/2212.09748) without attention. The output
// starts at zero. The modulation of all blocks is the conditioning, C = num_blocks * 2 H.
//
// Shapes: B batch, D feature_dim, E embedding_dim, H hidden_dim, K num_classes.
class ResidualMlp final : public Denoiser {
 public:
  // REQUIRES: a spec that MakeDenoiser() accepts.
  explicit ResidualMlp(const DenoiserSpec& spec);

  at::Tensor Condition(const at::Tensor& timesteps, const at::Tensor& labels) override;
  at::Tensor Denoise(const at::Tensor& noisy, const at::Tensor& conditioning) override;
  int64_t row_multiply_adds() const override;
  void Initialize(at::Generator rng) override;

 private:
  const DenoiserSpec spec_;
  // Names of modules and parameters are file format.
  torch::nn::Linear time_input_{nullptr};
  torch::nn::Linear time_output_{nullptr};
  at::Tensor label_embedding_;  // [K + 1, H]; the last is "no class"
  torch::nn::Linear modulation_{nullptr};
  torch::nn::Linear input_{nullptr};
  std::vector<std::shared_ptr<ResidualBlock>> blocks_;
  torch::nn::Linear output_{nullptr};
};

}  // namespace tailcast::diffusion

#endif  // TAILCAST_CORE_DIFFUSION_DENOISERS_RESIDUAL_MLP_H_
