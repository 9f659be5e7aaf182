#ifndef TAILCAST_CORE_TRAINING_CONTROLS_H_
#define TAILCAST_CORE_TRAINING_CONTROLS_H_

#include <ATen/core/Generator.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/classifiers/linear_head.h"
#include "core/training/labelled_rows.h"

namespace tailcast::training {

// What needs no generator: every gain that is claimed for one stands beside these. Each is chosen
// on the same validation rows and from the same grids as LDMLR's own options. Ties go to the first
// value of a grid. INVALID_ARGUMENT names the rows or the head that are missing or do not fit.

// A head and how it was chosen.
struct ChosenHead {
  classifiers::LinearHead head{};
  std::map<std::string, double> chosen{};  // option -> value
  double validation_accuracy = 0;          // percent
  size_t num_candidates = 0;               // that it is the best of
};

// Strengths of the shift, 0 to 2.
std::vector<double> LogitAdjustmentGrid();
// Shifts after a refit (papers.md 1.8, step 6): 0, .1, .25, .5.
std::vector<double> BiasShiftGrid();
// Strengths of the pull towards stage 1's head in a refit, of all arms alike.
std::vector<double> RegularizationGrid();

// A head shifted by the best value of a grid.
struct ShiftChoice {
  classifiers::LinearHead head{};
  size_t best = 0;                            // index into the grid
  std::vector<double> validation_accuracy{};  // percent, one per value of the grid

  double best_accuracy() const { return validation_accuracy[best]; }
};

// ShiftBias(head, class_counts, k) with the k of `grid` that is best on `validation`. class_counts:
// one per class of the head.
absl::StatusOr<ShiftChoice> ChooseShift(const classifiers::LinearHead& head,
                                        const std::vector<int64_t>& class_counts,
                                        const LabelledRows& validation,
                                        const std::vector<double>& grid);

// Logit adjustment after training: the stage-1 head, shifted. chosen: "strength".
absl::StatusOr<ChosenHead> AdjustLogits(const classifiers::LinearHead& stage1,
                                        const std::vector<int64_t>& class_counts,
                                        const LabelledRows& validation);

// Balanced softmax on the real rows (Ren et al. 2020, "Balanced meta-softmax",
// https://arxiv.org/abs/2007.10740, eq. 3): cross-entropy of scores + ln(n_c / sum n), so that the
// scores themselves are balanced; L2 towards the label-shifted stage-1 head. Its regularisation and
// a bias shift are chosen. chosen: "regularization", "bias_shift".
absl::StatusOr<ChosenHead> FitBalancedSoftmax(const LabelledRows& real,
                                              const std::vector<int64_t>& class_counts,
                                              const classifiers::LinearHead& stage1,
                                              const LabelledRows& validation);

// Rows of class Gaussians: mean of the class, covariance half its own and half the one pooled
// within classes (only the latter for a class of one row); cut at 0 if `non_negative`. Rows sorted
// by class. row_counts: [K], how many of each class. INVALID_ARGUMENT if a class asked for has no
// real row.
absl::StatusOr<LabelledRows> SampleClassGaussians(const LabelledRows& real,
                                                  const std::vector<int64_t>& row_counts,
                                                  bool non_negative, at::Generator rng);

}  // namespace tailcast::training

#endif  // TAILCAST_CORE_TRAINING_CONTROLS_H_
