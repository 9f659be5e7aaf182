#ifndef TAILCAST_CORE_DIFFUSION_LOSSES_DENOISING_LOSS_H_
#define TAILCAST_CORE_DIFFUSION_LOSSES_DENOISING_LOSS_H_

#include <utility>

#include "core/diffusion/losses/diffusion_loss.h"

namespace tailcast::diffusion {

// Plain mean square error of the prediction, Ho et al. 2020, eq. 14
// (https://arxiv.org/abs/2006.11239), for any prediction type.
class DenoisingLoss final : public DiffusionLoss {
 public:
  explicit DenoisingLoss(DiffusionProcess process) : process_(std::move(process)) {}

  LossTerms Compute(Denoiser& denoiser, const NoisyBatch& batch) override;

 private:
  const DiffusionProcess process_;
};

}  // namespace tailcast::diffusion

#endif  // TAILCAST_CORE_DIFFUSION_LOSSES_DENOISING_LOSS_H_
