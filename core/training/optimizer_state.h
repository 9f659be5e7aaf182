#ifndef TAILCAST_CORE_TRAINING_OPTIMIZER_STATE_H_
#define TAILCAST_CORE_TRAINING_OPTIMIZER_STATE_H_

#include "absl/status/status.h"
#include "core/tensor/tensor_io.h"

namespace torch::optim {
class Optimizer;
}

namespace tailcast::training {

// What an AdamW or SGD optimizer remembers of its parameters, by their place in its list
// ("0.exp_avg"). Options such as the learning rate are not part of it.
NamedTensors OptimizerState(const torch::optim::Optimizer& optimizer);

// Puts the state back into a new optimizer over the same parameters; an empty state is that of an
// optimizer which has made no step. INVALID_ARGUMENT names the
// tensor that is missing, left over or of another shape.
absl::Status RestoreOptimizerState(const NamedTensors& state, torch::optim::Optimizer& optimizer);

// Sets the learning rate of every parameter group.
void SetLearningRate(double learning_rate, torch::optim::Optimizer& optimizer);

}  // namespace tailcast::training

#endif  // TAILCAST_CORE_TRAINING_OPTIMIZER_STATE_H_
