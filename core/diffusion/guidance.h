#ifndef TAILCAST_CORE_DIFFUSION_GUIDANCE_H_
#define TAILCAST_CORE_DIFFUSION_GUIDANCE_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "core/diffusion/denoisers/denoiser.h"

namespace tailcast::diffusion {

// Classifier-free guidance (Ho and Salimans 2022, https://arxiv.org/abs/2207.12598) in the form
// eps + w (eps - eps_uncond): w = 0 is plain sampling, w < 0 widens a class. Right for every
// prediction type, because they are linear in each other. Evaluates the denoiser twice.
//
// Shapes: B batch, D feature_dim, C conditioning width of the wrapped denoiser, K num_classes.
class GuidedDenoiser final : public Denoiser {
 public:
  // weights: [K] w of each class; the rows of "no class" have 0
  GuidedDenoiser(std::shared_ptr<Denoiser> denoiser, const at::Tensor& weights);

  // returns: [B, 2 C + 1]: the conditioning of the class, of no class, and w
  at::Tensor Condition(const at::Tensor& timesteps, const at::Tensor& labels) override;
  at::Tensor Denoise(const at::Tensor& noisy, const at::Tensor& conditioning) override;
  int64_t row_multiply_adds() const override { return 2 * denoiser_->row_multiply_adds(); }

 private:
  const std::shared_ptr<Denoiser> denoiser_;
  const at::Tensor weights_;  // [K + 1] f64
};

// The denoiser itself if every weight is 0, else a GuidedDenoiser. weights: [K]
std::shared_ptr<Denoiser> WithGuidance(std::shared_ptr<Denoiser> denoiser,
                                       const at::Tensor& weights);

}  // namespace tailcast::diffusion

#endif  // TAILCAST_CORE_DIFFUSION_GUIDANCE_H_
