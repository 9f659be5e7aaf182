#ifndef TAILCAST_CORE_DIFFUSION_DENOISERS_DENOISER_H_
#define TAILCAST_CORE_DIFFUSION_DENOISERS_DENOISER_H_

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>

namespace tailcast::diffusion {

// Predicts what was mixed into a batch of standardized features: noise, clean data or velocity, as
// its generator says. In two parts, because the conditioning depends on (timestep, class) alone: a
// server computes it once per step and class instead of once per row.
//
// Make one with MakeDenoiser(). A new denoiser is a class in this folder plus one line there.
// Shapes: B batch, D feature_dim, C conditioning width, K num_classes, T schedule steps.
class Denoiser : public torch::nn::Module {
 public:
  // timesteps: [B] int64 in [0, T)
  // labels:    [B] int64 in [0, K]; K means "no class"
  // returns:   [B, C]
  virtual at::Tensor Condition(const at::Tensor& timesteps, const at::Tensor& labels) = 0;

  // noisy:        [B, D]
  // conditioning: [B, C]
  // returns:      [B, D] the prediction
  virtual at::Tensor Denoise(const at::Tensor& noisy, const at::Tensor& conditioning) = 0;

  // Multiply-adds of Denoise() for one row.
  virtual int64_t row_multiply_adds() const = 0;

  // Draws the parameters that training starts from; nothing for a denoiser without parameters.
  virtual void Initialize(at::Generator /*rng*/) {}

  // Both parts at once, as training needs it. -> [B, D]
  at::Tensor forward(const at::Tensor& noisy, const at::Tensor& timesteps,
                     const at::Tensor& labels) {
    return Denoise(noisy, Condition(timesteps, labels));
  }
};

}  // namespace tailcast::diffusion

#endif  // TAILCAST_CORE_DIFFUSION_DENOISERS_DENOISER_H_
