#include "core/training/optimizer_state.h"

#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/tensor/checks.h"

namespace tailcast::training {
namespace {

using torch::optim::AdamWParamState;
using torch::optim::OptimizerParamState;
using torch::optim::SGDParamState;

constexpr char kStep[] = "step";
constexpr char kMomentum[] = "momentum";
constexpr char kFirstMoment[] = "exp_avg";
constexpr char kSecondMoment[] = "exp_avg_sq";

NamedTensors ParameterState(const OptimizerParamState& state) {
  if (const auto* adamw = dynamic_cast<const AdamWParamState*>(&state)) {
    return {{kStep, at::scalar_tensor(adamw->step(), at::kLong)},
            {kFirstMoment, adamw->exp_avg()},
            {kSecondMoment, adamw->exp_avg_sq()}};
  }
  const auto* sgd = dynamic_cast<const SGDParamState*>(&state);
  TORCH_CHECK(sgd != nullptr, "only AdamW and SGD keep their state in checkpoints");
  if (!sgd->momentum_buffer().defined()) return {};
  return {{kMomentum, sgd->momentum_buffer()}};
}

// Takes one tensor of a parameter out of `state`.
absl::Status Take(size_t index, const char* name, at::IntArrayRef shape, NamedTensors& state,
                  at::Tensor& out) {
  const std::string full_name = absl::StrCat(index, ".", name);
  const std::string what = absl::StrCat("optimizer tensor '", full_name, "'");
  const auto node = state.extract(full_name);
  if (node.empty()) return absl::InvalidArgumentError(absl::StrCat(what, " is missing"));
  RETURN_IF_ERROR(CheckShape(node.mapped(), shape.vec(), what));
  out = node.mapped().clone();
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<OptimizerParamState>> TakeAdamW(size_t index,
                                                               const at::Tensor& parameter,
                                                               NamedTensors& state) {
  auto restored = std::make_unique<AdamWParamState>();
  at::Tensor step;
  RETURN_IF_ERROR(Take(index, kStep, {}, state, step));
  restored->step(step.item<int64_t>());
  RETURN_IF_ERROR(Take(index, kFirstMoment, parameter.sizes(), state, restored->exp_avg()));
  RETURN_IF_ERROR(Take(index, kSecondMoment, parameter.sizes(), state, restored->exp_avg_sq()));
  return restored;
}

absl::StatusOr<std::unique_ptr<OptimizerParamState>> TakeSgd(size_t index,
                                                             const at::Tensor& parameter,
                                                             NamedTensors& state) {
  auto restored = std::make_unique<SGDParamState>();
  RETURN_IF_ERROR(Take(index, kMomentum, parameter.sizes(), state, restored->momentum_buffer()));
  return restored;
}

}  // namespace

NamedTensors OptimizerState(const torch::optim::Optimizer& optimizer) {
  NamedTensors tensors;
  size_t index = 0;
  for (const auto& group : optimizer.param_groups()) {
    for (const at::Tensor& parameter : group.params()) {
      const auto found = optimizer.state().find(parameter.unsafeGetTensorImpl());
      if (found != optimizer.state().end()) {
        for (const auto& [name, tensor] : ParameterState(*found->second)) {
          tensors[absl::StrCat(index, ".", name)] = tensor;
        }
      }
      ++index;
    }
  }
  return tensors;
}

absl::Status RestoreOptimizerState(const NamedTensors& state, torch::optim::Optimizer& optimizer) {
  if (state.empty()) return absl::OkStatus();
  const bool is_adamw = dynamic_cast<torch::optim::AdamW*>(&optimizer) != nullptr;
  NamedTensors rest = state;
  size_t index = 0;
  for (auto& group : optimizer.param_groups()) {
    for (const at::Tensor& parameter : group.params()) {
      ASSIGN_OR_RETURN(
          std::unique_ptr<OptimizerParamState> restored,
          is_adamw ? TakeAdamW(index, parameter, rest) : TakeSgd(index, parameter, rest));
      optimizer.state()[parameter.unsafeGetTensorImpl()] = std::move(restored);
      ++index;
    }
  }
  if (rest.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("optimizer tensor '", rest.begin()->first, "' is unknown to the optimizer"));
}

void SetLearningRate(double learning_rate, torch::optim::Optimizer& optimizer) {
  for (auto& group : optimizer.param_groups()) group.options().set_lr(learning_rate);
}

}  // namespace tailcast::training
