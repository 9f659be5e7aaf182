#ifndef TAILCAST_CORE_DIFFUSION_LOSSES_DIFFROP_LOSS_H_
#define TAILCAST_CORE_DIFFUSION_LOSSES_DIFFROP_LOSS_H_

#include <ATen/core/Generator.h>

#include <cstdint>

#include "core/diffusion/losses/diffusion_loss.h"

namespace tailcast::diffusion {

// The paper gives neither value; both are ours.
struct DiffropOptions {
  // Strength lambda of the contrastive term (0 gives the plain loss).
  double lambda = 0.1;
  // Distance m from which on two classes count as apart, in mean squared predicted noise.
  double margin = 0.1;
};

// An instance of our own of overlap optimization, Yan et al. 2024
// (https://arxiv.org/abs/2402.10821), whose code and constants are not published: pushes the noise
// predicted for the true label away from that for another class until they are `margin` apart,
//   lambda (1 - t / T) max(0, margin - mean square difference of the predicted noise).
// One other class per row, drawn uniformly; no gradient through its prediction. More strongly at
// early timesteps, where the class shows. Rows without a class are not regularized.
class DiffropLoss final : public DiffusionLoss {
 public:
  // rng: shared with the caller. REQUIRES: num_classes >= 2.
  DiffropLoss(const DiffropOptions& options, DiffusionProcess process, int64_t num_classes,
              at::Generator rng);

  LossTerms Compute(Denoiser& denoiser, const NoisyBatch& batch) override;

 private:
  const DiffropOptions options_;
  const DiffusionProcess process_;
  const int64_t num_classes_;
  const at::Generator rng_;
};

}  // namespace tailcast::diffusion

#endif  // TAILCAST_CORE_DIFFUSION_LOSSES_DIFFROP_LOSS_H_
