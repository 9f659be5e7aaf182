#ifndef TAILCAST_CORE_TRAINING_REFIT_OBJECTIVE_H_
#define TAILCAST_CORE_TRAINING_REFIT_OBJECTIVE_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/classifiers/linear_head.h"
#include "core/training/classifier_refit.h"
#include "core/training/labelled_rows.h"

namespace tailcast::training {

// What a refit minimises, in float64. Shapes: N rows, D feature_dim, K num_classes.
struct RefitObjective {
  at::Tensor features{};      // [N, D] f64
  at::Tensor labels{};        // [N]
  at::Tensor row_weights{};   // [N] f64
  at::Tensor score_shift{};   // [K] f64, added to the scores in the loss alone; undefined: none
  at::Tensor start_weight{};  // [K, D] f64: start, and W0 of the regularisation
  at::Tensor start_bias{};    // [K] f64: start
  double regularization = 0;

  // Weighted mean cross-entropy + regularization / 2 |weight - start_weight|^2.
  at::Tensor Loss(const at::Tensor& weight, const at::Tensor& bias) const;
};

// Real rows, then generated rows.
RefitObjective JoinRows(const LabelledRows& real, const LabelledRows& generated);

// Weights of the rows, in JoinRows()'s order, by RefitOptions::min_real_share. [N] f64
at::Tensor ClassMassWeights(const LabelledRows& real, const LabelledRows& generated,
                            int64_t num_classes, double min_real_share);

// Starts at `anchor`, or at zero without one. `objective.features` must be set.
void SetAnchor(const std::optional<classifiers::LinearHead>& anchor, int64_t num_classes,
               double regularization, RefitObjective& objective);

// L-BFGS with a strong Wolfe line search. Errors as CheckRefitResult().
absl::StatusOr<RefitResult> Minimize(const RefitObjective& objective, int64_t max_iterations);

// FAILED_PRECONDITION, naming the number, if the loss or an entry of the head is not finite.
absl::Status CheckRefitResult(const RefitResult& result);

// INVALID_ARGUMENT, naming the set, unless both sets and the head fit together.
absl::Status CheckRefitRows(const LabelledRows& real, const LabelledRows& generated,
                            int64_t num_classes,
                            const std::optional<classifiers::LinearHead>& anchor);

}  // namespace tailcast::training

#endif  // TAILCAST_CORE_TRAINING_REFIT_OBJECTIVE_H_
