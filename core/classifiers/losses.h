#ifndef TAILCAST_CORE_CLASSIFIERS_LOSSES_H_
#define TAILCAST_CORE_CLASSIFIERS_LOSSES_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace tailcast::classifiers {

// Losses over class scores. Shapes: N rows, K num_classes.
// scores: [N, K] floating; labels: [N] int64 in [0, K). All return a scalar.

// Mean of -ln softmax(scores)[label].
at::Tensor CrossEntropy(const at::Tensor& scores, const at::Tensor& labels);

// Sum of row_weight * -ln softmax(scores)[label], over the sum of the weights.
// row_weights: [N], >= 0, not all 0
at::Tensor WeightedCrossEntropy(const at::Tensor& scores, const at::Tensor& labels,
                                const at::Tensor& row_weights);

// ln(n_c / sum n), with a count of 0 as 1. [K] float64
at::Tensor LogClassPrior(const std::vector<int64_t>& class_counts);

}  // namespace tailcast::classifiers

#endif  // TAILCAST_CORE_CLASSIFIERS_LOSSES_H_
