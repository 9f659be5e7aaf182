#include "core/metrics/principal_components.h"

#include <ATen/ATen.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/tensor/checks.h"
#include "core/tensor/torch_status.h"

namespace tailcast::metrics {
namespace {

// Turns each axis so that its largest entry is positive: eigenvectors have no sign of their own.
// axes: [D, P]
at::Tensor FixSigns(const at::Tensor& axes) {
  const at::Tensor largest = axes.abs().argmax(/*dim=*/0, /*keepdim=*/true);  // [1, P]
  const at::Tensor sign = at::where(axes.gather(0, largest) < 0, -1.0, 1.0);  // [1, P]
  return axes * sign;
}

absl::StatusOr<PrincipalComponents> Fit(const at::Tensor& features, int64_t components) {
  RETURN_IF_ERROR(CheckShape(features, {-1, -1}, "features"));
  if (features.size(0) < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("features have ", features.size(0), " rows; expected 2 or more"));
  }
  if (components < 1 || components > features.size(1)) {
    return absl::InvalidArgumentError(absl::StrCat("the number of components is ", components,
                                                   "; expected 1 to ", features.size(1)));
  }
  RETURN_IF_ERROR(CheckFinite(features, "features"));
  const at::Tensor rows = features.to(at::kDouble);                                   // [N, D]
  const at::Tensor mean = rows.mean(/*dim=*/0);                                       // [D]
  const at::Tensor centred = rows - mean;                                             // [N, D]
  const at::Tensor covariance = at::mm(centred.t(), centred) / rows.size(0);          // [D, D]
  const auto [values, vectors] = at::linalg_eigh(covariance);                         // ascending
  const at::Tensor variance = values.flip({0}).slice(0, 0, components).clamp_min(0);  // [P]
  const at::Tensor axes = vectors.flip({1}).slice(1, 0, components);                  // [D, P]
  const at::Tensor total = covariance.diagonal().sum();
  return PrincipalComponents{.mean = mean.to(at::kFloat),
                             .axes = FixSigns(axes).to(at::kFloat),
                             .explained_variance = total.item<double>() > 0
                                                       ? at::Tensor(variance / total)
                                                       : at::zeros_like(variance)};
}

}  // namespace

at::Tensor PrincipalComponents::Project(const at::Tensor& features) const {
  return at::mm(features - mean, axes);  // [N, D] -> [N, P]
}

absl::StatusOr<PrincipalComponents> FitPrincipalComponents(const at::Tensor& features,
                                                           int64_t components) {
  return CatchTorchErrors([&] { return Fit(features, components); });
}

}  // namespace tailcast::metrics
