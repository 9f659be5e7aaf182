#include <ATen/ATen.h>
#include <torch/optim/adam.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/classifiers/losses.h"
#include "core/tensor/torch_status.h"
#include "core/training/classifier_refit.h"
#include "core/training/keyed_rng.h"
#include "core/training/refit_objective.h"

namespace tailcast::training {
namespace {

absl::Status CheckAtLeast(const char* option, int64_t value, int64_t min) {
  if (value >= min) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("refit option ", option, " is ", value, "; expected ", min, " or more"));
}

absl::Status CheckRate(const char* option, double value, double max) {
  if (value >= 0 && value <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("refit option ", option, " is ", value, "; expected 0 to ", max));
}

absl::Status CheckOptions(const PaperRefitOptions& options) {
  constexpr double kMaxLearningRate = 10, kMaxWeightDecay = 1;
  RETURN_IF_ERROR(CheckAtLeast("epochs", options.epochs, 1));
  RETURN_IF_ERROR(CheckAtLeast("batch_size", options.batch_size, 1));
  RETURN_IF_ERROR(CheckRate("learning_rate", options.learning_rate, kMaxLearningRate));
  RETURN_IF_ERROR(CheckRate("weight_decay", options.weight_decay, kMaxWeightDecay));
  return CheckAtLeast("seed", options.seed, 0);
}

// A head in training, its rows and its optimizer.
struct PaperRun {
  at::Tensor features;  // [N, D] f32
  at::Tensor labels;    // [N]
  classifiers::LinearHead head;
  torch::optim::Adam optimizer;

  // Goes once over all rows in `order`; returns the mean loss.
  double Epoch(const at::Tensor& order, int64_t batch_size) {
    double loss_sum = 0;
    for (int64_t start = 0; start < order.size(0); start += batch_size) {
      const at::Tensor rows = order.slice(0, start, std::min(order.size(0), start + batch_size));
      optimizer.zero_grad();
      const at::Tensor loss = classifiers::CrossEntropy(head.Scores(features.index_select(0, rows)),
                                                        labels.index_select(0, rows));
      loss.backward();
      optimizer.step();
      loss_sum += loss.item<double>() * static_cast<double>(rows.size(0));
    }
    return loss_sum / static_cast<double>(order.size(0));
  }

  double GradientNorm() {
    optimizer.zero_grad();
    classifiers::CrossEntropy(head.Scores(features), labels).backward();
    return std::max(head.weight.grad().abs().max().item<double>(),
                    head.bias.grad().abs().max().item<double>());
  }
};

PaperRun MakeRun(const RefitObjective& rows, const classifiers::LinearHead& stage1,
                 const PaperRefitOptions& options) {
  const at::Tensor weight = stage1.weight.detach().clone().requires_grad_();
  const at::Tensor bias = stage1.bias.detach().clone().requires_grad_();
  return {.features = rows.features.to(at::kFloat),
          .labels = rows.labels,
          .head = {.weight = weight, .bias = bias},
          .optimizer = torch::optim::Adam(
              std::vector<at::Tensor>{weight, bias},
              torch::optim::AdamOptions(options.learning_rate).weight_decay(options.weight_decay))};
}

// Returns the last epoch's mean loss.
absl::StatusOr<double> RunEpochs(const PaperRefitOptions& options, PaperRun& run,
                                 ProgressSink& progress) {
  double loss = 0;
  for (int64_t epoch = 0; epoch < options.epochs; ++epoch) {
    if (progress.stop_requested()) {
      return absl::CancelledError(
          absl::StrCat("the refit was stopped after ", epoch, " of ", options.epochs, " epochs"));
    }
    const at::Tensor order =
        at::randperm(run.labels.size(0), KeyedRng(options.seed, RngPurpose::kRefitOrder, epoch),
                     at::TensorOptions(at::kLong));
    loss = run.Epoch(order, options.batch_size);
    if (!std::isfinite(loss)) {
      return absl::FailedPreconditionError(absl::StrCat("the refit diverged: the loss of epoch ",
                                                        epoch + 1, " is ", loss,
                                                        "; expected a finite number"));
    }
    progress.Advance(epoch + 1, {{"loss", loss}});
  }
  return loss;
}

}  // namespace

absl::StatusOr<RefitResult> RefitClassifierAsPaper(const LabelledRows& real,
                                                   const LabelledRows& generated,
                                                   const classifiers::LinearHead& stage1,
                                                   const PaperRefitOptions& options,
                                                   ProgressSink& progress) {
  return CatchTorchErrors([&]() -> absl::StatusOr<RefitResult> {
    RETURN_IF_ERROR(CheckOptions(options));
    RETURN_IF_ERROR(CheckRefitRows(real, generated, stage1.weight.size(0), stage1));
    PaperRun run = MakeRun(JoinRows(real, generated), stage1, options);
    progress.Begin("refit as in the paper", "epochs", /*done=*/0, options.epochs);
    const absl::StatusOr<double> loss = RunEpochs(options, run, progress);
    progress.End();
    RETURN_IF_ERROR(loss.status());
    const double gradient_norm = run.GradientNorm();
    const RefitResult result = {
        .head = {.weight = run.head.weight.detach(), .bias = run.head.bias.detach()},
        .loss = *loss,
        .gradient_norm = gradient_norm};
    RETURN_IF_ERROR(CheckRefitResult(result));
    return result;
  });
}

}  // namespace tailcast::training
