#ifndef TAILCAST_CLIENT_CLI_RETRAIN_RETRAIN_H_
#define TAILCAST_CLIENT_CLI_RETRAIN_RETRAIN_H_

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/report/run_figures.h"
#include "client/cli/retrain/refit_choice.h"
#include "client/cli/retrain/row_source.h"
#include "client/cli/retrain/trainer_data.h"
#include "core/classifiers/linear_head.h"
#include "core/training/progress.h"

namespace tailcast::retrain {

struct RetrainOptions {
  // Rule of balance; one period of it is taken for each candidate, a fixed set.
  std::string plan = "each=500";
  // Of the order of rows, of the class Gaussians and of the paper's refit.
  int64_t seed = 0;
  // "W" or "HEAD:TAIL"; at least one, none twice.
  std::vector<std::string> guidance_candidates;
  RefitSettings refit;
  // Rows of each class that has training rows for the data-free arm, with the bundle's default
  // sampler.
  int64_t data_free_rows = 2000;
  // Names of report::kArmTexts up to ldmlr_data_free, among them stage1 and ldmlr.
  std::set<std::string> arms;
};

struct RetrainResult {
  // LDMLR's.
  classifiers::LinearHead head;
  // Complete but for `command` and `versions`.
  report::RunFigures figures;
};

// Opens the test features.
using OpenTestRows = std::function<absl::StatusOr<training::LabelledRows>()>;

// What a remote trainer does: streams rows, fits LDMLR's classifier and the controls, chooses
// guidance and bias shift on validation data, and only then calls `open_test`, once. The data-free
// arm gets nothing but its rows: no head, no counts, no validation data, so neither choice.
// INVALID_ARGUMENT names a wrong plan or candidate; CANCELLED; errors of the parts.
absl::StatusOr<RetrainResult> Retrain(const TrainerData& data, const RetrainOptions& options,
                                      RowSource& source, const OpenTestRows& open_test,
                                      training::ProgressSink& progress);

}  // namespace tailcast::retrain

#endif  // TAILCAST_CLIENT_CLI_RETRAIN_RETRAIN_H_
