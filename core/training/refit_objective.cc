#include "core/training/refit_objective.h"

#include <ATen/ATen.h>

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/classifiers/losses.h"
#include "core/tensor/checks.h"

namespace tailcast::training {
namespace {

// Rows of each class. [K] f64
at::Tensor Counts(const LabelledRows& rows, int64_t num_classes) {
  if (rows.size() == 0) return at::zeros({num_classes}, at::kDouble);
  return at::bincount(rows.labels, /*weights=*/{}, num_classes).to(at::kDouble);
}

// share / count, 0 where there is no row. [K]
at::Tensor PerRow(const at::Tensor& share, const at::Tensor& counts) {
  return at::where(counts > 0, share / counts.clamp_min(1), at::zeros_like(share));
}

absl::Status CheckRows(const LabelledRows& rows, int64_t feature_dim, int64_t num_classes,
                       const std::string& what) {
  if (rows.size() == 0) return absl::OkStatus();
  RETURN_IF_ERROR(
      CheckShape(rows.features, {rows.labels.size(0), feature_dim}, what + " features"));
  RETURN_IF_ERROR(CheckFinite(rows.features, what + " features"));
  return CheckLabels(rows.labels, num_classes, what + " labels");
}

}  // namespace

at::Tensor RefitObjective::Loss(const at::Tensor& weight, const at::Tensor& bias) const {
  at::Tensor scores = at::addmm(bias, features, weight.t());  // [N, K]
  if (score_shift.defined()) scores = scores + score_shift;
  const at::Tensor distance = (weight - start_weight).square().sum();
  return classifiers::WeightedCrossEntropy(scores, labels, row_weights) +
         regularization / 2 * distance;
}

RefitObjective JoinRows(const LabelledRows& real, const LabelledRows& generated) {
  std::vector<at::Tensor> features, labels;
  for (const LabelledRows* rows : {&real, &generated}) {
    if (rows->size() == 0) continue;
    features.push_back(rows->features.to(at::kDouble));
    labels.push_back(rows->labels);
  }
  RefitObjective objective;
  objective.features = at::cat(features);
  objective.labels = at::cat(labels);
  return objective;
}

at::Tensor ClassMassWeights(const LabelledRows& real, const LabelledRows& generated,
                            int64_t num_classes, double min_real_share) {
  const at::Tensor real_counts = Counts(real, num_classes);                   // n_c
  const at::Tensor generated_counts = Counts(generated, num_classes);         // G_c
  const at::Tensor largest = real_counts.max().clamp_min(1);                  // n_max
  at::Tensor real_share = (real_counts / largest).clamp_min(min_real_share);  // r_c
  real_share = at::where(generated_counts == 0, 1.0, real_share);
  real_share = at::where(real_counts == 0, 0.0, real_share);

  std::vector<at::Tensor> weights;
  if (real.size() > 0) {
    weights.push_back(PerRow(real_share, real_counts).index_select(0, real.labels));
  }
  if (generated.size() > 0) {
    weights.push_back(PerRow(1 - real_share, generated_counts).index_select(0, generated.labels));
  }
  return at::cat(weights);
}

void SetAnchor(const std::optional<classifiers::LinearHead>& anchor, int64_t num_classes,
               double regularization, RefitObjective& objective) {
  objective.regularization = regularization;
  if (anchor.has_value()) {
    objective.start_weight = anchor->weight.to(at::kDouble);
    objective.start_bias = anchor->bias.to(at::kDouble);
    return;
  }
  objective.start_weight =
      at::zeros({num_classes, objective.features.size(1)}, objective.features.options());
  objective.start_bias = at::zeros({num_classes}, objective.features.options());
}

absl::Status CheckRefitResult(const RefitResult& result) {
  if (!std::isfinite(result.loss)) {
    return absl::FailedPreconditionError(absl::StrCat("the refit diverged: its loss is ",
                                                      result.loss, "; expected a finite number"));
  }
  for (const auto& [name, tensor] : result.head.tensors()) {
    const absl::Status finite = CheckFinite(tensor, name);
    if (!finite.ok()) {
      return absl::FailedPreconditionError(absl::StrCat("the refit diverged: ", finite.message()));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckRefitRows(const LabelledRows& real, const LabelledRows& generated,
                            int64_t num_classes,
                            const std::optional<classifiers::LinearHead>& anchor) {
  if (num_classes < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("the number of classes is ", num_classes, "; expected 1 or more"));
  }
  if (real.size() == 0 && generated.size() == 0) {
    return absl::InvalidArgumentError(
        "a refit has no rows; expected real rows, generated rows or both");
  }
  const LabelledRows& given = real.size() > 0 ? real : generated;
  RETURN_IF_ERROR(CheckShape(given.features, {-1, -1}, "features"));
  const int64_t feature_dim = given.features.size(1);
  RETURN_IF_ERROR(CheckRows(real, feature_dim, num_classes, "real"));
  RETURN_IF_ERROR(CheckRows(generated, feature_dim, num_classes, "generated"));
  if (!anchor.has_value()) return absl::OkStatus();
  RETURN_IF_ERROR(
      CheckShape(anchor->weight, {num_classes, feature_dim}, "the stage-1 classifier's weight"));
  return CheckShape(anchor->bias, {num_classes}, "the stage-1 classifier's bias");
}

}  // namespace tailcast::training
