#include "core/training/controls.h"

#include <ATen/ATen.h>

#include <utility>

#include "absl/status/status.h"
#include "core/base/status_macros.h"
#include "core/classifiers/losses.h"
#include "core/metrics/accuracy.h"
#include "core/tensor/checks.h"
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

// Every real row alike, on the long-tailed prior.
absl::StatusOr<RefitResult> BalancedSoftmaxRefit(const LabelledRows& real,
                                                 const std::vector<int64_t>& class_counts,
                                                 const classifiers::LinearHead& anchor,
                                                 const RefitOptions& options) {
  RefitObjective objective = JoinRows(real, {});
  objective.row_weights = at::ones({real.size()}, objective.features.options());
  objective.score_shift = classifiers::LogClassPrior(class_counts);
  SetAnchor(anchor, static_cast<int64_t>(class_counts.size()), options.regularization, objective);
  return Minimize(objective, options.max_iterations);
}

absl::Status CheckShiftArguments(const classifiers::LinearHead& head,
                                 const std::vector<int64_t>& class_counts,
                                 const LabelledRows& validation, const std::vector<double>& grid) {
  const auto num_classes = static_cast<int64_t>(class_counts.size());
  RETURN_IF_ERROR(CheckShape(head.weight, {num_classes, -1}, "the classifier's weight"));
  RETURN_IF_ERROR(CheckShape(head.bias, {num_classes}, "the classifier's bias"));
  if (validation.size() == 0) {
    return absl::InvalidArgumentError(
        "there are no validation rows to choose a bias shift on; expected one or more");
  }
  RETURN_IF_ERROR(CheckShape(validation.features, {validation.size(), head.weight.size(1)},
                             "validation features"));
  RETURN_IF_ERROR(CheckFinite(validation.features, "validation features"));
  RETURN_IF_ERROR(CheckLabels(validation.labels, num_classes, "validation labels"));
  if (!grid.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("the grid of bias shifts is empty; expected one value or more");
}

}  // namespace

std::vector<double> LogitAdjustmentGrid() {
  std::vector<double> grid;
  for (int i = 0; i <= kStrengthSteps; ++i) grid.push_back(kMaxStrength * i / kStrengthSteps);
  return grid;
}

std::vector<double> BiasShiftGrid() { return {0, 0.1, 0.25, 0.5}; }

std::vector<double> RegularizationGrid() { return {0.00003, 0.0003, 0.003, 0.03, 0.3}; }

absl::StatusOr<ShiftChoice> ChooseShift(const classifiers::LinearHead& head,
                                        const std::vector<int64_t>& class_counts,
                                        const LabelledRows& validation,
                                        const std::vector<double>& grid) {
  return CatchTorchErrors([&]() -> absl::StatusOr<ShiftChoice> {
    RETURN_IF_ERROR(CheckShiftArguments(head, class_counts, validation, grid));
    ShiftChoice choice;
    for (size_t i = 0; i < grid.size(); ++i) {
      classifiers::LinearHead shifted = classifiers::ShiftBias(head, class_counts, grid[i]);
      choice.validation_accuracy.push_back(
          metrics::PercentEqual(shifted.Predict(validation.features), validation.labels));
      if (i > 0 && choice.validation_accuracy[i] <= choice.best_accuracy()) continue;
      choice.best = i;
      choice.head = std::move(shifted);
    }
    return choice;
  });
}

absl::StatusOr<ChosenHead> AdjustLogits(const classifiers::LinearHead& stage1,
                                        const std::vector<int64_t>& class_counts,
                                        const LabelledRows& validation) {
  const std::vector<double> grid = LogitAdjustmentGrid();
  ASSIGN_OR_RETURN(ShiftChoice choice, ChooseShift(stage1, class_counts, validation, grid));
  return ChosenHead{.head = std::move(choice.head),
                    .chosen = {{kStrength, grid[choice.best]}},
                    .validation_accuracy = choice.best_accuracy(),
                    .num_candidates = grid.size()};
}

absl::StatusOr<ChosenHead> FitBalancedSoftmax(const LabelledRows& real,
                                              const std::vector<int64_t>& class_counts,
                                              const classifiers::LinearHead& stage1,
                                              const LabelledRows& validation) {
  return CatchTorchErrors([&]() -> absl::StatusOr<ChosenHead> {
    RETURN_IF_ERROR(CheckRefitRows(real, {}, static_cast<int64_t>(class_counts.size()), stage1));
    const classifiers::LinearHead anchor =
        classifiers::ShiftBias(stage1, class_counts, /*strength=*/1);
    const std::vector<double> shifts = BiasShiftGrid();
    const std::vector<double> regularizations = RegularizationGrid();
    const size_t num_candidates = regularizations.size() * shifts.size();
    ChosenHead best{.head = anchor, .validation_accuracy = -1, .num_candidates = num_candidates};
    for (const double regularization : regularizations) {
      ASSIGN_OR_RETURN(
          const RefitResult refit,
          BalancedSoftmaxRefit(real, class_counts, anchor, {.regularization = regularization}));
      ASSIGN_OR_RETURN(ShiftChoice choice,
                       ChooseShift(refit.head, class_counts, validation, shifts));
      if (choice.best_accuracy() <= best.validation_accuracy) continue;
      best = {.head = std::move(choice.head),
              .chosen = {{kRegularization, regularization}, {kBiasShift, shifts[choice.best]}},
              .validation_accuracy = choice.best_accuracy(),
              .num_candidates = num_candidates};
    }
    return best;
  });
}

}  // namespace tailcast::training
