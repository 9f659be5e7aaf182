#ifndef TAILCAST_CORE_TRAINING_GENERATOR_RUN_H_
#define TAILCAST_CORE_TRAINING_GENERATOR_RUN_H_

#include <ATen/core/Generator.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/training/ema.h"
#include "core/training/generator_trainer.h"
#include "core/training/row_sampler.h"

namespace torch::optim {
class AdamW;
}

namespace tailcast::training {

// Mean of a series that forgets its past, right from its first value on.
struct RunningMean {
  double sum = 0.0;
  double weight = 0.0;

  void Add(double value);
  double Value() const { return weight > 0.0 ? sum / weight : 0.0; }
};

// Share of `options.learning_rate` at one step: rising, then a half cosine to 0. step in [0, steps)
double LearningRateShare(const GeneratorTrainingOptions& options, int64_t step);

// One training of a generator, step by step, without files: all that changes from step to step.
class GeneratorRun {
 public:
  // INVALID_ARGUMENT names the option that is out of its range. REQUIRES: checked data.
  static absl::StatusOr<std::unique_ptr<GeneratorRun>> Create(
      const GeneratorData& data, const GeneratorTrainingOptions& options);
  ~GeneratorRun();

  // FAILED_PRECONDITION if the loss is no longer finite.
  absl::Status Step();

  int64_t steps_done() const { return steps_done_; }
  double training_loss() const { return denoising_.Value(); }

  // All that the next step depends on.
  NamedTensors State() const;
  // INVALID_ARGUMENT names the tensor that is missing or of another shape.
  absl::Status Restore(const NamedTensors& state);

  // With the weights averaged so far.
  absl::StatusOr<TrainedGenerator> Result(const GeneratorData& data) const;

 private:
  GeneratorRun(const GeneratorData& data, const GeneratorTrainingOptions& options,
               diffusion::GeneratorSpec spec, diffusion::DiffusionProcess process,
               std::shared_ptr<diffusion::Denoiser> denoiser);

  diffusion::NoisyBatch DrawBatch();

  const GeneratorTrainingOptions options_;
  const diffusion::GeneratorSpec spec_;
  const diffusion::DiffusionProcess process_;
  const diffusion::Standardization standardization_;
  const at::Tensor features_;  // [N, D] standardized
  const at::Tensor labels_;    // [N]
  const RowSampler rows_;

  at::Generator rng_;
  const std::shared_ptr<diffusion::Denoiser> denoiser_;
  std::unique_ptr<diffusion::DiffusionLoss> loss_;
  std::unique_ptr<torch::optim::AdamW> optimizer_;
  ExponentialMovingAverage average_;
  int64_t steps_done_ = 0;
  RunningMean denoising_, regularization_;
};

}  // namespace tailcast::training

#endif  // TAILCAST_CORE_TRAINING_GENERATOR_RUN_H_
