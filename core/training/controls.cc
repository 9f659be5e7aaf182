#include "core/training/controls.h"

#include <ATen/ATen.h>

#include <utility>

#include "core/base/status_macros.h"
#include "core/classifiers/losses.h"
#include "core/metrics/accuracy.h"
#include "core/tensor/torch_status.h"
#include "core/training/classifier_refit.h"
#include "core/training/refit_objective.h"

namespace tailcast::training {
namespace {

constexpr const char* kBiasShift = "bias_shift";
constexpr const char* kRegularization = "regularization";
constexpr const char* kStrength = "strength";
constexpr int kStrengthSteps = 40;
constexpr double kMaxStrength = 2;

const std::vector<double>& RegularizationGrid() {
  static const auto& grid = *new std::vector<double>{0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3};
  return grid;
}

// Every real row alike, on the long-tailed prior.
RefitResult BalancedSoftmaxRefit(const LabelledRows& real, const std::vector<int64_t>& class_counts,
                                 const classifiers::LinearHead& anchor,
                                 const RefitOptions& options) {
  RefitObjective objective = JoinRows(real, {});
  objective.row_weights = at::ones({real.size()}, objective.features.options());
  objective.score_shift = classifiers::LogClassPrior(class_counts);
  SetAnchor(anchor, static_cast<int64_t>(class_counts.size()), options.regularization, objective);
  return Minimize(objective, options.max_iterations);
}

}  // namespace

std::vector<double> LogitAdjustmentGrid() {
  std::vector<double> grid;
  for (int i = 0; i <= kStrengthSteps; ++i) grid.push_back(kMaxStrength * i / kStrengthSteps);
  return grid;
}

std::vector<double> BiasShiftGrid() { return {0, 0.1, 0.25, 0.5}; }

ChosenHead ChooseShift(const classifiers::LinearHead& head,
                       const std::vector<int64_t>& class_counts, const LabelledRows& validation,
                       const std::vector<double>& grid, const std::string& name) {
  ChosenHead best{.head = head, .chosen = {}, .validation_accuracy = -1};
  for (const double strength : grid) {
    classifiers::LinearHead shifted = classifiers::ShiftBias(head, class_counts, strength);
    const double accuracy =
        metrics::PercentEqual(shifted.Predict(validation.features), validation.labels);
    if (accuracy <= best.validation_accuracy) continue;
    best = {
        .head = std::move(shifted), .chosen = {{name, strength}}, .validation_accuracy = accuracy};
  }
  return best;
}

ChosenHead AdjustLogits(const classifiers::LinearHead& stage1,
                        const std::vector<int64_t>& class_counts, const LabelledRows& validation) {
  return ChooseShift(stage1, class_counts, validation, LogitAdjustmentGrid(), kStrength);
}

absl::StatusOr<ChosenHead> FitBalancedSoftmax(const LabelledRows& real,
                                              const std::vector<int64_t>& class_counts,
                                              const classifiers::LinearHead& stage1,
                                              const LabelledRows& validation) {
  return CatchTorchErrors([&]() -> absl::StatusOr<ChosenHead> {
    RETURN_IF_ERROR(CheckRefitRows(real, {}, static_cast<int64_t>(class_counts.size()), stage1));
    const classifiers::LinearHead anchor =
        classifiers::ShiftBias(stage1, class_counts, /*strength=*/1);
    ChosenHead best{.head = anchor, .chosen = {}, .validation_accuracy = -1};
    for (const double regularization : RegularizationGrid()) {
      const RefitResult refit =
          BalancedSoftmaxRefit(real, class_counts, anchor, {.regularization = regularization});
      ChosenHead shifted =
          ChooseShift(refit.head, class_counts, validation, BiasShiftGrid(), kBiasShift);
      if (shifted.validation_accuracy <= best.validation_accuracy) continue;
      best = std::move(shifted);
      best.chosen[kRegularization] = regularization;
    }
    return best;
  });
}

}  // namespace tailcast::training
