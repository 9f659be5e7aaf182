#ifndef TAILCAST_CLIENT_CLI_RETRAIN_REFIT_CHOICE_H_
#define TAILCAST_CLIENT_CLI_RETRAIN_REFIT_CHOICE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/retrain/trainer_data.h"
#include "core/classifiers/linear_head.h"
#include "core/training/classifier_refit.h"
#include "core/training/controls.h"
#include "core/training/labelled_rows.h"
#include "core/training/progress.h"

namespace tailcast::retrain {

enum class RefitMethod {
  kRegularised,  // papers.md 1.8
  kPaper,        // LDMLR's own
};

struct RefitSettings {
  RefitMethod method = RefitMethod::kRegularised;
  training::RefitOptions regularised;
  // Candidates for regularised.regularization, at least one: how far the head may leave stage 1's
  // depends on how well that one was calibrated, so validation data decide.
  std::vector<double> regularizations = training::RegularizationGrid();
  training::PaperRefitOptions paper;
  // Candidates k of b_c - k ln(n_c / N), at least one.
  std::vector<double> bias_shifts = training::BiasShiftGrid();

  // Heads that RefitAndChoose() compares on validation data.
  size_t num_candidates() const {
    return (method == RefitMethod::kPaper ? 1 : regularizations.size()) * bias_shifts.size();
  }
};

// A refit on one set of generated rows, with the regularisation and the bias shift that are best on
// validation data; of equals the first.
struct RefitChoice {
  classifiers::LinearHead head;
  double regularization = 0;                // 0 for LDMLR's own refit, which has none
  size_t best_shift = 0;                    // index into bias_shifts
  std::vector<double> validation_accuracy;  // percent, one per bias shift

  double best_accuracy() const { return validation_accuracy[best_shift]; }
};

// Fits the classifier to the trainer's real rows and `generated`, and chooses regularisation and
// bias shift. Errors as the refits and ChooseShift() of core/training.
absl::StatusOr<RefitChoice> RefitAndChoose(const TrainerData& data,
                                           const training::LabelledRows& generated,
                                           const RefitSettings& settings,
                                           training::ProgressSink& progress);

// The choice with the best validation accuracy; of equals the first. REQUIRES: at least one.
size_t BestOf(const std::vector<RefitChoice>& choices);

// What a trainer fits that holds nothing but streamed rows: from zero, without shift, for it has no
// counts and no validation data.
absl::StatusOr<classifiers::LinearHead> FitDataFree(const training::LabelledRows& generated,
                                                    int64_t num_classes);

}  // namespace tailcast::retrain

#endif  // TAILCAST_CLIENT_CLI_RETRAIN_REFIT_CHOICE_H_
