#include "core/training/classifier_refit.h"

#include <ATen/ATen.h>
#include <torch/optim/lbfgs.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/classifiers/losses.h"
#include "core/tensor/torch_status.h"
#include "core/training/refit_objective.h"

namespace tailcast::training {
namespace {

// Ends of L-BFGS before its iterations are spent; far below what moves a prediction.
constexpr double kGradientTolerance = 1e-9;
constexpr double kChangeTolerance = 1e-12;
constexpr int64_t kHistorySize = 10;
// A line search evaluates about once per iteration, rarely more.
constexpr int64_t kEvaluationsPerIteration = 5;

absl::Status CheckOptions(const RefitOptions& options) {
  if (!(options.min_real_share >= 0 && options.min_real_share <= 1)) {
    return absl::InvalidArgumentError(absl::StrCat("refit option min_real_share is ",
                                                   options.min_real_share, "; expected 0 to 1"));
  }
  constexpr double kMaxRegularization = 1e6;
  if (!(options.regularization >= 0 && options.regularization <= kMaxRegularization)) {
    return absl::InvalidArgumentError(absl::StrCat("refit option regularization is ",
                                                   options.regularization, "; expected 0 to ",
                                                   kMaxRegularization));
  }
  if (options.max_iterations < 1) {
    return absl::InvalidArgumentError(absl::StrCat("refit option max_iterations is ",
                                                   options.max_iterations, "; expected 1 or more"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RefitResult> Minimize(const RefitObjective& objective, int64_t max_iterations) {
  at::Tensor weight = objective.start_weight.clone().requires_grad_();  // [K, D] f64
  at::Tensor bias = objective.start_bias.clone().requires_grad_();      // [K] f64
  torch::optim::LBFGS optimizer(std::vector<at::Tensor>{weight, bias},
                                torch::optim::LBFGSOptions(/*lr=*/1)
                                    .max_iter(max_iterations)
                                    .max_eval(max_iterations * kEvaluationsPerIteration)
                                    .tolerance_grad(kGradientTolerance)
                                    .tolerance_change(kChangeTolerance)
                                    .history_size(kHistorySize)
                                    .line_search_fn("strong_wolfe"));
  const auto evaluate = [&] {
    optimizer.zero_grad();
    const at::Tensor loss = objective.Loss(weight, bias);
    loss.backward();
    return loss;
  };
  optimizer.step(evaluate);
  const double loss = evaluate().item<double>();
  const double gradient =
      std::max(weight.grad().abs().max().item<double>(), bias.grad().abs().max().item<double>());
  const RefitResult result = {
      .head = {.weight = weight.detach().to(at::kFloat), .bias = bias.detach().to(at::kFloat)},
      .loss = loss,
      .gradient_norm = gradient};
  RETURN_IF_ERROR(CheckRefitResult(result));
  return result;
}

absl::StatusOr<RefitResult> RefitClassifier(const LabelledRows& real, const LabelledRows& generated,
                                            int64_t num_classes,
                                            const std::optional<classifiers::LinearHead>& anchor,
                                            const RefitOptions& options) {
  return CatchTorchErrors([&]() -> absl::StatusOr<RefitResult> {
    RETURN_IF_ERROR(CheckOptions(options));
    RETURN_IF_ERROR(CheckRefitRows(real, generated, num_classes, anchor));
    RefitObjective objective = JoinRows(real, generated);
    objective.row_weights = ClassMassWeights(real, generated, num_classes, options.min_real_share);
    SetAnchor(anchor, num_classes, options.regularization, objective);
    return Minimize(objective, options.max_iterations);
  });
}

}  // namespace tailcast::training
