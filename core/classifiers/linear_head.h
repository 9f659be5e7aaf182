#ifndef TAILCAST_CORE_CLASSIFIERS_LINEAR_HEAD_H_
#define TAILCAST_CORE_CLASSIFIERS_LINEAR_HEAD_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/tensor/tensor_io.h"

namespace tailcast::classifiers {

// The linear classifier over features. Shapes: N rows, D feature_dim, K num_classes.
struct LinearHead {
  at::Tensor weight{};  // [K, D] f32
  at::Tensor bias{};    // [K] f32

  // features: [N, D] -> [N, K]
  at::Tensor Scores(const at::Tensor& features) const;
  // features: [N, D] -> [N] int64
  at::Tensor Predict(const at::Tensor& features) const;

  // "classifier.weight" and "classifier.bias".
  NamedTensors tensors() const;
  // INVALID_ARGUMENT names `what`, the tensor and what was expected; K and D are checked unless
  // they are -1.
  static absl::StatusOr<LinearHead> FromTensors(const NamedTensors& tensors,
                                                const std::string& what, int64_t num_classes = -1,
                                                int64_t feature_dim = -1);
  // The same from a safetensors file. NOT_FOUND: no such file.
  static absl::StatusOr<LinearHead> Read(const std::string& path, int64_t num_classes,
                                         int64_t feature_dim);
};

// Logit adjustment after training (Menon et al. 2021, https://arxiv.org/abs/2007.07314; LDMLR's
// "label shift"): b_c - strength * ln(n_c / sum n), which divides the softmax by the class
// frequency.
LinearHead ShiftBias(const LinearHead& head, const std::vector<int64_t>& class_counts,
                     double strength);

}  // namespace tailcast::classifiers

#endif  // TAILCAST_CORE_CLASSIFIERS_LINEAR_HEAD_H_
