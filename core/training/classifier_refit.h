#ifndef TAILCAST_CORE_TRAINING_CLASSIFIER_REFIT_H_
#define TAILCAST_CORE_TRAINING_CLASSIFIER_REFIT_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "core/classifiers/linear_head.h"
#include "core/training/labelled_rows.h"
#include "core/training/progress.h"

namespace tailcast::training {

// LDMLR's stage 3: the classifier is fitted to real and generated features. Both functions are
// deterministic with the same number of threads. They refuse (INVALID_ARGUMENT, naming the set)
// features that are not finite, of another dimension, or labels out of range, and return
// FAILED_PRECONDITION, never a head, if the loss or a weight is not finite at the end.

struct RefitOptions {
  // A class' real rows together weigh max(min_real_share, n_c / n_max), its generated rows the rest
  // of 1; a class with rows of one kind gives that kind all of it (papers.md 1.8, step 5). [0, 1]
  double min_real_share = 0.3;
  // Weight of half the squared distance to `anchor`'s weights (bias is free). [0, 10^6]
  double regularization = 0.03;
  // L-BFGS iterations, 1 or more.
  int64_t max_iterations = 40;
};

struct RefitResult {
  classifiers::LinearHead head{};
  double loss = 0;           // with the regularisation
  double gradient_norm = 0;  // largest absolute entry at the end
};

// Minimises the mean over classes of the weighted cross-entropy + regularization / 2 |W - W0|^2 in
// float64.
//
// real: may be empty (data-free); generated: may be empty; not both. A class without any row keeps
// what the regularisation gives it. anchor: W0, and where the fit starts: the stage-1 head,
// label-shifted (ShiftBias with strength 1). Without one W0 = 0 and the fit starts at zero.
absl::StatusOr<RefitResult> RefitClassifier(const LabelledRows& real, const LabelledRows& generated,
                                            int64_t num_classes,
                                            const std::optional<classifiers::LinearHead>& anchor,
                                            const RefitOptions& options = {});

// LDMLR's own recipe (papers.md 1.1, stage 3), option `--refit paper`.
struct PaperRefitOptions {
  int64_t epochs = 400;         // 1 or more
  int64_t batch_size = 1024;    // 1 or more
  double learning_rate = 1e-3;  // of Adam, [0, 10]
  double weight_decay = 1e-5;   // L2 in the gradient, as Adam has it; [0, 1]
  int64_t seed = 0;             // order of the rows; 0 or more
};

// Cross-entropy over real and generated rows together, shuffled each epoch, from the stage-1 head
// as it is. CANCELLED once `progress` asks to stop.
absl::StatusOr<RefitResult> RefitClassifierAsPaper(const LabelledRows& real,
                                                   const LabelledRows& generated,
                                                   const classifiers::LinearHead& stage1,
                                                   const PaperRefitOptions& options,
                                                   ProgressSink& progress);

}  // namespace tailcast::training

#endif  // TAILCAST_CORE_TRAINING_CLASSIFIER_REFIT_H_
