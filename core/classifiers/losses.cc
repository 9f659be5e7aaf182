#include "core/classifiers/losses.h"

#include <ATen/ATen.h>

namespace tailcast::classifiers {
namespace {

// -ln softmax(scores)[label] of each row. [N]
at::Tensor RowCrossEntropy(const at::Tensor& scores, const at::Tensor& labels) {
  return -at::log_softmax(scores, /*dim=*/1).gather(1, labels.unsqueeze(1)).squeeze(1);
}

}  // namespace

at::Tensor CrossEntropy(const at::Tensor& scores, const at::Tensor& labels) {
  return RowCrossEntropy(scores, labels).mean();
}

at::Tensor WeightedCrossEntropy(const at::Tensor& scores, const at::Tensor& labels,
                                const at::Tensor& row_weights) {
  return (row_weights * RowCrossEntropy(scores, labels)).sum() / row_weights.sum();
}

at::Tensor LogClassPrior(const std::vector<int64_t>& class_counts) {
  const at::Tensor counts = at::tensor(class_counts, at::kLong).clamp_min(1).to(at::kDouble);
  return (counts / counts.sum()).log();  // [K]
}

}  // namespace tailcast::classifiers
