#ifndef TAILCAST_TESTS_CORE_TRAINING_SMALL_ROWS_H_
#define TAILCAST_TESTS_CORE_TRAINING_SMALL_ROWS_H_

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <vector>

#include "core/classifiers/linear_head.h"
#include "core/training/labelled_rows.h"

namespace tailcast::training {

inline constexpr int64_t kRowDim = 5;

// counts[c] rows of class c: normal around the class' own corner, sorted by class.
inline LabelledRows SmallRows(const std::vector<int64_t>& counts, uint64_t seed) {
  const auto rng = at::detail::createCPUGenerator(seed);
  std::vector<at::Tensor> features, labels;
  for (size_t c = 0; c < counts.size(); ++c) {
    at::Tensor rows = at::randn({counts[c], kRowDim}, rng, at::kFloat);
    rows.select(1, static_cast<int64_t>(c) % kRowDim) += 1.5;
    features.push_back(rows);
    labels.push_back(at::full({counts[c]}, static_cast<int64_t>(c), at::kLong));
  }
  return {.features = at::cat(features), .labels = at::cat(labels)};
}

inline classifiers::LinearHead SmallHead(int64_t num_classes, uint64_t seed) {
  const auto rng = at::detail::createCPUGenerator(seed);
  return {.weight = at::randn({num_classes, kRowDim}, rng, at::kFloat),
          .bias = at::randn({num_classes}, rng, at::kFloat)};
}

}  // namespace tailcast::training

#endif  // TAILCAST_TESTS_CORE_TRAINING_SMALL_ROWS_H_
