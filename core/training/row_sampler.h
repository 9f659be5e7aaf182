#ifndef TAILCAST_CORE_TRAINING_ROW_SAMPLER_H_
#define TAILCAST_CORE_TRAINING_ROW_SAMPLER_H_

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace tailcast::training {

// Draws training rows with replacement, a row of class c with probability proportional to
// n_c^-balance. Costs O(rows drawn + classes), however many rows there are.
class RowSampler {
 public:
  // labels: [N] int64 in [0, num_classes), N >= 1; balance: 0 takes rows as they come, 1 all
  // classes alike
  RowSampler(const at::Tensor& labels, int64_t num_classes, double balance);

  // returns: [count] int64 row indices
  at::Tensor Draw(int64_t count, at::Generator& rng) const;

  // [K] int64
  const at::Tensor& class_counts() const { return class_counts_; }

 private:
  at::Tensor rows_by_class_;  // [N] row indices, class after class
  at::Tensor class_counts_;   // [K]
  at::Tensor class_starts_;   // [K] in rows_by_class_
  at::Tensor class_weights_;  // [K] f64, proportional to the probability of the class
};

}  // namespace tailcast::training

#endif  // TAILCAST_CORE_TRAINING_ROW_SAMPLER_H_
