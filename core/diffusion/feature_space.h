#ifndef TAILCAST_CORE_DIFFUSION_FEATURE_SPACE_H_
#define TAILCAST_CORE_DIFFUSION_FEATURE_SPACE_H_

#include <ATen/core/Tensor.h>

namespace tailcast::diffusion {

// Mean and deviation of the training features, per dimension: diffusion happens between the two
// functions. No clamp to [-1, 1]: it cuts real signal (LDMLR's released code does).
//
// Shapes: N rows, D feature_dim.
struct Standardization {
  at::Tensor mean;                // [D] f32
  at::Tensor standard_deviation;  // [D] f32; a dimension that never varies has 1

  // Over all rows, biased (divided by N), computed in float64. features: [N, D] f32
  static Standardization Of(const at::Tensor& features);

  at::Tensor Standardize(const at::Tensor& features) const;  // [N, D] -> [N, D]
  // Inverse; then cut at 0 if `non_negative`.
  at::Tensor Restore(const at::Tensor& standardized, bool non_negative) const;  // [N, D] -> [N, D]
};

}  // namespace tailcast::diffusion

#endif  // TAILCAST_CORE_DIFFUSION_FEATURE_SPACE_H_
