#ifndef TAILCAST_CORE_METRICS_ACCURACY_H_
#define TAILCAST_CORE_METRICS_ACCURACY_H_

#include <ATen/core/Tensor.h>

#include <vector>

#include "absl/status/statusor.h"
#include "core/data/class_groups.h"

namespace tailcast::metrics {

// Shares of right answers, in percent. NaN where no row belongs to it.
struct Accuracy {
  double overall = 0;
  std::vector<double> per_class{};  // by class index
  // Over all rows of the group's classes.
  double many = 0, medium = 0, few = 0;
};

// predicted, labels: [N] int64, N >= 1, labels in [0, K); groups: one per class, K of them.
// INVALID_ARGUMENT for other shapes and labels out of range.
absl::StatusOr<Accuracy> MeasureAccuracy(const at::Tensor& predicted, const at::Tensor& labels,
                                         const std::vector<data::ClassGroup>& groups);

// Percent of equal entries of two [N] int64 tensors, N >= 1.
double PercentEqual(const at::Tensor& predicted, const at::Tensor& labels);

}  // namespace tailcast::metrics

#endif  // TAILCAST_CORE_METRICS_ACCURACY_H_
