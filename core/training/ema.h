#ifndef TAILCAST_CORE_TRAINING_EMA_H_
#define TAILCAST_CORE_TRAINING_EMA_H_

#include "absl/status/status.h"
#include "core/tensor/tensor_io.h"

namespace torch::nn {
class Module;
}

namespace tailcast::training {

// Exponential moving average of a module's parameters and buffers, from their first values on and
// without bias correction, as CBDM does: average = decay average + (1 - decay) value.
class ExponentialMovingAverage {
 public:
  // The module's tensors are read at each Update(). decay in [0, 1)
  ExponentialMovingAverage(const torch::nn::Module& module, double decay);

  void Update();

  const NamedTensors& average() const { return average_; }
  // INVALID_ARGUMENT names the tensor that is missing or of another shape.
  absl::Status Restore(const NamedTensors& average);

 private:
  const double decay_;
  const NamedTensors values_;  // share memory with the module
  NamedTensors average_;
};

}  // namespace tailcast::training

#endif  // TAILCAST_CORE_TRAINING_EMA_H_
