#ifndef TAILCAST_CORE_METRICS_PRINCIPAL_COMPONENTS_H_
#define TAILCAST_CORE_METRICS_PRINCIPAL_COMPONENTS_H_

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "absl/status/statusor.h"

namespace tailcast::metrics {

// The directions along which rows vary most, for drawing them in a plane. Shapes: N rows, D
// feature_dim, P components.
struct PrincipalComponents {
  at::Tensor mean{};                // [D] f32
  at::Tensor axes{};                // [D, P] f32, orthonormal; each axis' largest entry is positive
  at::Tensor explained_variance{};  // [P] f64, share of the total variance, descending

  at::Tensor Project(const at::Tensor& features) const;  // [N, D] -> [N, P]
};

// features: [N, D] f32, N >= 2; 1 <= components <= D. INVALID_ARGUMENT otherwise. Rows that do not
// vary have shares of 0.
absl::StatusOr<PrincipalComponents> FitPrincipalComponents(const at::Tensor& features,
                                                           int64_t components);

}  // namespace tailcast::metrics

#endif  // TAILCAST_CORE_METRICS_PRINCIPAL_COMPONENTS_H_
