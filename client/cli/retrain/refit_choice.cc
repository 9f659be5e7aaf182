#include "client/cli/retrain/refit_choice.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/status_macros.h"

namespace tailcast::retrain {
namespace {

// Logistic regression that has no head to stay near needs little to keep it finite.
constexpr double kDataFreeRegularization = 1e-3;
constexpr int64_t kDataFreeIterations = 100;

absl::StatusOr<classifiers::LinearHead> PaperRefit(const TrainerData& data,
                                                   const training::LabelledRows& generated,
                                                   const RefitSettings& settings,
                                                   training::ProgressSink& progress) {
  ASSIGN_OR_RETURN(training::RefitResult result,
                   training::RefitClassifierAsPaper(data.training, generated, data.stage1,
                                                    settings.paper, progress));
  return std::move(result.head);
}

// Towards the label-shifted stage-1 head: strength 1 divides the softmax by the class frequency
// (papers.md 1.8, step 5).
absl::StatusOr<classifiers::LinearHead> RegularisedRefit(const TrainerData& data,
                                                         const training::LabelledRows& generated,
                                                         training::RefitOptions options,
                                                         double regularization) {
  const classifiers::LinearHead anchor =
      classifiers::ShiftBias(data.stage1, data.class_counts, /*strength=*/1);
  options.regularization = regularization;
  ASSIGN_OR_RETURN(
      training::RefitResult result,
      training::RefitClassifier(data.training, generated, data.num_classes(), anchor, options));
  return std::move(result.head);
}

absl::StatusOr<RefitChoice> WithBestShift(const TrainerData& data,
                                          const classifiers::LinearHead& head,
                                          double regularization,
                                          const std::vector<double>& bias_shifts) {
  ASSIGN_OR_RETURN(training::ShiftChoice shifted,
                   training::ChooseShift(head, data.class_counts, data.validation, bias_shifts));
  return RefitChoice{.head = std::move(shifted.head),
                     .regularization = regularization,
                     .best_shift = shifted.best,
                     .validation_accuracy = std::move(shifted.validation_accuracy)};
}

}  // namespace

absl::StatusOr<RefitChoice> RefitAndChoose(const TrainerData& data,
                                           const training::LabelledRows& generated,
                                           const RefitSettings& settings,
                                           training::ProgressSink& progress) {
  if (settings.method == RefitMethod::kPaper) {
    ASSIGN_OR_RETURN(const auto head, PaperRefit(data, generated, settings, progress));
    return WithBestShift(data, head, /*regularization=*/0, settings.bias_shifts);
  }
  std::vector<RefitChoice> choices;
  for (const double regularization : settings.regularizations) {
    if (progress.stop_requested()) return absl::CancelledError("stopped");
    ASSIGN_OR_RETURN(const auto head,
                     RegularisedRefit(data, generated, settings.regularised, regularization));
    ASSIGN_OR_RETURN(RefitChoice choice,
                     WithBestShift(data, head, regularization, settings.bias_shifts));
    choices.push_back(std::move(choice));
  }
  return choices[BestOf(choices)];
}

size_t BestOf(const std::vector<RefitChoice>& choices) {
  const auto best = std::max_element(choices.begin(), choices.end(),
                                     [](const RefitChoice& a, const RefitChoice& b) {
                                       return a.best_accuracy() < b.best_accuracy();
                                     });
  return static_cast<size_t>(best - choices.begin());
}

absl::StatusOr<classifiers::LinearHead> FitDataFree(const training::LabelledRows& generated,
                                                    int64_t num_classes) {
  training::RefitOptions options;
  options.regularization = kDataFreeRegularization;
  options.max_iterations = kDataFreeIterations;
  ASSIGN_OR_RETURN(training::RefitResult result,
                   training::RefitClassifier(/*real=*/{}, generated, num_classes,
                                             /*anchor=*/std::nullopt, options));
  return std::move(result.head);
}

}  // namespace tailcast::retrain
