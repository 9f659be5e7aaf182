#ifndef TAILCAST_CORE_TRAINING_CONTROLS_H_
#define TAILCAST_CORE_TRAINING_CONTROLS_H_

#include <ATen/core/Generator.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/classifiers/linear_head.h"
#include "core/training/labelled_rows.h"

namespace tailcast::training {

// What needs no generator: every gain that is claimed for one stands beside these. Each is chosen
// on the same validation rows as LDMLR's own options. Ties go to the first value of a grid.

// A head and how it was chosen.
struct ChosenHead {
  classifiers::LinearHead head{};
  std::map<std::string, double> chosen{};  // option -> value
  double validation_accuracy = 0;          // percent
};

// Strengths of the shift, 0 to 2.
std::vector<double> LogitAdjustmentGrid();
// Shifts after a refit (papers.md 1.8, step 6): 0, .1, .25, .5.
std::vector<double> BiasShiftGrid();

// ShiftBias(head, counts, k) with the k of `grid` that is best on `validation`, kept in
// chosen[name].
ChosenHead ChooseShift(const classifiers::LinearHead& head,
                       const std::vector<int64_t>& class_counts, const LabelledRows& validation,
                       const std::vector<double>& grid, const std::string& name);

// Logit adjustment after training: the stage-1 head, shifted.
ChosenHead AdjustLogits(const classifiers::LinearHead& stage1,
                        const std::vector<int64_t>& class_counts, const LabelledRows& validation);

// Balanced softmax on the real rows, L2 towards the label-shifted stage-1 head; its regularisation
// and a bias shift are chosen. chosen: "regularization", "bias_shift".
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
