#ifndef TAILCAST_CORE_DIFFUSION_LOSSES_DIFFROP_LOSS_H_
#define TAILCAST_CORE_DIFFUSION_LOSSES_DIFFROP_LOSS_H_

#include <ATen/core/Generator.h>

#include <cstdint>

#include "core/diffusion/losses/diffusion_loss.h"

namespace tailcast::diffusion {

// The paper gives neither value; both are ours.
struct DiffropOptions {
  // Strength lambda of the contrastive term, 0 or more (0 gives the plain loss).
  double lambda = 0.1;
  // Distance m from which on two classes count as apart, in mean squared predicted noise; 0 or
  // more.
  double margin = 0.1;
};

// An instance of our own of overlap optimization, Yan et al. 2024
// (https://arxiv.org/abs/2402.10821), whose code and constants are not published: pushes the noise
// predicted for the true label away from that for another class until they are `margin` apart,
//   lambda (1 - t / T) max(0, margin - mean square difference of the predicted noise).
// One other class per row, drawn uniformly among those that have training rows (nothing is known of
// the rest); no gradient through its prediction. More strongly at early timesteps, where the class
// shows. Rows without a class are not regularized.
class DiffropLoss final : public DiffusionLoss {
 public:
  // class_counts: [K] rows of each class in the training data, two or more of them above 0
  // rng: shared with the caller
  DiffropLoss(const DiffropOptions& options, DiffusionProcess process,
              const at::Tensor& class_counts, at::Generator rng);

  LossTerms Compute(Denoiser& denoiser, const NoisyBatch& batch) override;

 private:
  // Another class with rows for each row, each as likely. labels: [B] in [0, K] -> [B]
  at::Tensor DrawOtherLabels(const at::Tensor& labels) const;

  const DiffropOptions options_;
  const DiffusionProcess process_;
  const int64_t num_classes_;
  const at::Tensor present_;  // [P] int64, the classes with rows
  const at::Tensor rank_;  // [K + 1] int64, place of each class in present_; any number for others
  const at::Generator rng_;
};

}  // namespace tailcast::diffusion

#endif  // TAILCAST_CORE_DIFFUSION_LOSSES_DIFFROP_LOSS_H_
