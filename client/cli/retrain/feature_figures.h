#ifndef TAILCAST_CLIENT_CLI_RETRAIN_FEATURE_FIGURES_H_
#define TAILCAST_CLIENT_CLI_RETRAIN_FEATURE_FIGURES_H_

#include "absl/status/status.h"
#include "client/cli/report/run_figures.h"
#include "client/cli/retrain/trainer_data.h"
#include "core/training/labelled_rows.h"

namespace tailcast::retrain {

// Fills `projection` and `explained_shares`: training, validation and generated rows of the rarest
// few classes on the two principal components of their training rows. Nothing if there is no such
// class or too few rows for two components.
absl::Status AddProjection(const TrainerData& data, const training::LabelledRows& generated,
                           report::RunFigures& figures);

// Fills `distances`: how near generated, validation and training rows lie to the nearest training
// row, over all classes and over the few. Sets without rows are left out; of a large set every n-th
// row is taken.
absl::Status AddDistances(const TrainerData& data, const training::LabelledRows& generated,
                          report::RunFigures& figures);

}  // namespace tailcast::retrain

#endif  // TAILCAST_CLIENT_CLI_RETRAIN_FEATURE_FIGURES_H_
