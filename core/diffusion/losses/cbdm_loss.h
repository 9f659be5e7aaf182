#ifndef TAILCAST_CORE_DIFFUSION_LOSSES_CBDM_LOSS_H_
#define TAILCAST_CORE_DIFFUSION_LOSSES_CBDM_LOSS_H_

#include <ATen/core/Generator.h>

#include "core/diffusion/losses/diffusion_loss.h"

namespace tailcast::diffusion {

struct CbdmOptions {
  // Strength of the regularizer at t = T (0 gives the plain loss). The weight at t is tau t /
  // T: 1.0 here is the paper's 0.001 per step at T = 1000. 0 or more.
  double tau = 1.0;
  // Weight of the commitment term, 0 or more. gamma in the paper.
  double commitment_weight = 0.25;
  // Draws the other label uniformly among the classes that have rows, as the paper's fine-tuning
  // does, instead of by class frequency.
  bool uniform_targets = false;
};

// Class-balancing diffusion loss, Qin et al. 2023 (https://arxiv.org/abs/2305.00562), Algorithm 1:
// pulls the noise predicted for the true label towards that for a label drawn from the class
// frequencies, more strongly at later timesteps. Rows without a class are not regularized. The
// paper's distance is one of predicted noise; other predictions are converted to it.
class CbdmLoss final : public DiffusionLoss {
 public:
  // class_counts: [K] rows of each class in the training data, whatever is drawn into a batch; a
  // class without rows is never the other label
  // rng: shared with the caller
  CbdmLoss(const CbdmOptions& options, DiffusionProcess process, const at::Tensor& class_counts,
           at::Generator rng);

  LossTerms Compute(Denoiser& denoiser, const NoisyBatch& batch) override;

 private:
  const CbdmOptions options_;
  const DiffusionProcess process_;
  const at::Tensor target_classes_;  // [K] f64, weights of the other label
  const at::Generator rng_;
};

}  // namespace tailcast::diffusion

#endif  // TAILCAST_CORE_DIFFUSION_LOSSES_CBDM_LOSS_H_
