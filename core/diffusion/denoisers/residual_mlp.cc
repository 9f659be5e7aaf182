#include "core/diffusion/denoisers/residual_mlp.h"

#include <ATen/ATen.h>

#include <cmath>

#include "absl/strings/str_cat.h"

namespace tailcast::diffusion {
namespace {

using torch::nn::Linear;

// Longest period of the timestep embedding, Vaswani et al. 2017 (https://arxiv.org/abs/1706.03762),
// section 3.5.
constexpr double kMaxPeriod = 10'000.0;

// [sin, cos] of t at E/2 frequencies. timesteps: [B] -> [B, E] f64
at::Tensor EmbedTimesteps(const at::Tensor& timesteps, int64_t embedding_dim) {
  const int64_t half = embedding_dim / 2;
  const auto options = at::TensorOptions(at::kDouble).device(timesteps.device());
  const auto frequencies =
      at::exp(at::arange(half, options) * (-std::log(kMaxPeriod) / half));  // [E/2]
  const auto angles = timesteps.unsqueeze(1) * frequencies;                 // [B, E/2]
  return at::cat({angles.sin(), angles.cos()}, /*dim=*/1);                  // [B, E]
}

// Uniform in +-1/sqrt(inputs), LibTorch's own rule for a linear layer.
void InitializeLinear(const Linear& linear, const at::Generator& rng) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(linear->weight.size(1)));
  linear->weight.uniform_(-bound, bound, rng);
  linear->bias.uniform_(-bound, bound, rng);
}

}  // namespace

ResidualBlock::ResidualBlock(int64_t hidden_dim) : hidden_dim_(hidden_dim) {
  hidden_ = register_module("hidden", Linear(hidden_dim, hidden_dim));
  output_ = register_module("output", Linear(hidden_dim, hidden_dim));
}

at::Tensor ResidualBlock::forward(const at::Tensor& x, const at::Tensor& modulation) {
  const auto scale = modulation.narrow(/*dim=*/1, 0, hidden_dim_);            // [B, H]
  const auto shift = modulation.narrow(/*dim=*/1, hidden_dim_, hidden_dim_);  // [B, H]
  const auto normal = at::layer_norm(x, {hidden_dim_});                       // [B, H]
  return x + output_(at::silu(hidden_(normal * (1 + scale) + shift)));        // [B, H]
}

void ResidualBlock::Initialize(const at::Generator& rng) {
  InitializeLinear(hidden_, rng);
  InitializeLinear(output_, rng);
}

ResidualMlp::ResidualMlp(const DenoiserSpec& spec) : spec_(spec) {
  const int64_t hidden_dim = spec.hidden_dim;
  time_input_ = register_module("time_input", Linear(spec.embedding_dim, hidden_dim));
  time_output_ = register_module("time_output", Linear(hidden_dim, hidden_dim));
  label_embedding_ =
      register_parameter("label_embedding", at::zeros({spec.num_classes + 1, hidden_dim}));
  modulation_ = register_module("modulation", Linear(hidden_dim, spec.num_blocks * 2 * hidden_dim));
  input_ = register_module("input", Linear(spec.feature_dim, hidden_dim));
  for (int64_t i = 0; i < spec.num_blocks; ++i) {
    blocks_.push_back(
        register_module(absl::StrCat("block", i), std::make_shared<ResidualBlock>(hidden_dim)));
  }
  output_ = register_module("output", Linear(hidden_dim, spec.feature_dim));
}

void ResidualMlp::Initialize(at::Generator rng) {
  const at::NoGradGuard no_grad;
  for (const auto& linear : {time_input_, time_output_, modulation_, input_}) {
    InitializeLinear(linear, rng);
  }
  label_embedding_.normal_(/*mean=*/0.0, /*std=*/1.0, rng);
  for (const auto& block : blocks_) block->Initialize(rng);
  output_->weight.zero_();
  output_->bias.zero_();
}

at::Tensor ResidualMlp::Condition(const at::Tensor& timesteps, const at::Tensor& labels) {
  const auto embedded =
      EmbedTimesteps(timesteps, spec_.embedding_dim).to(label_embedding_.scalar_type());  // [B, E]
  const auto time = time_output_(at::silu(time_input_(embedded)));                        // [B, H]
  const auto label = label_embedding_.index_select(/*dim=*/0, labels);                    // [B, H]
  return modulation_(at::silu(time + label));                                             // [B, C]
}

at::Tensor ResidualMlp::Denoise(const at::Tensor& noisy, const at::Tensor& conditioning) {
  const int64_t width = 2 * spec_.hidden_dim;
  auto x = input_(noisy);  // [B, H]
  for (size_t i = 0; i < blocks_.size(); ++i) {
    const auto start = static_cast<int64_t>(i) * width;
    x = blocks_[i]->forward(x, conditioning.narrow(/*dim=*/1, start, width));
  }
  return output_(x);  // [B, D]
}

int64_t ResidualMlp::row_multiply_adds() const {
  const int64_t hidden_dim = spec_.hidden_dim;
  return 2 * spec_.feature_dim * hidden_dim + spec_.num_blocks * 2 * hidden_dim * hidden_dim;
}

}  // namespace tailcast::diffusion
