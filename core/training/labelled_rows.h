#ifndef TAILCAST_CORE_TRAINING_LABELLED_ROWS_H_
#define TAILCAST_CORE_TRAINING_LABELLED_ROWS_H_

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace tailcast::training {

// Features with their classes: real or generated.
struct LabelledRows {
  at::Tensor features{};  // [N, D] f32; undefined: no rows
  at::Tensor labels{};    // [N] int64 in [0, K)

  int64_t size() const { return labels.defined() ? labels.size(0) : 0; }
};

}  // namespace tailcast::training

#endif  // TAILCAST_CORE_TRAINING_LABELLED_ROWS_H_
