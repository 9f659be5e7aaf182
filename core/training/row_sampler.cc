#include "core/training/row_sampler.h"

#include <ATen/ATen.h>

namespace tailcast::training {

RowSampler::RowSampler(const at::Tensor& labels, int64_t num_classes, double balance)
    : rows_by_class_(at::argsort(labels, /*stable=*/true)),
      class_counts_(at::bincount(labels, /*weights=*/{}, num_classes)),
      class_starts_(class_counts_.cumsum(/*dim=*/0) - class_counts_) {
  const auto counts = class_counts_.to(at::kDouble);  // [K]
  class_weights_ = at::where(counts > 0, counts.pow(1.0 - balance), at::zeros({}, at::kDouble));
}

at::Tensor RowSampler::Draw(int64_t count, at::Generator& rng) const {
  const auto classes = at::multinomial(class_weights_, count, /*replacement=*/true, rng);  // [B]
  const auto place = at::rand({count}, rng, at::TensorOptions(at::kDouble));      // [B] in [0, 1)
  const auto sizes = class_counts_.index_select(/*dim=*/0, classes);              // [B]
  const auto members = (place * sizes).floor().to(at::kLong).minimum(sizes - 1);  // [B]
  return rows_by_class_.index_select(/*dim=*/0,
                                     class_starts_.index_select(/*dim=*/0, classes) + members);
}

}  // namespace tailcast::training
