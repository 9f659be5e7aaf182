#ifndef TAILCAST_TESTS_CORE_TRAINING_SMALL_GENERATOR_H_
#define TAILCAST_TESTS_CORE_TRAINING_SMALL_GENERATOR_H_

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "core/training/generator_trainer.h"

namespace tailcast::training {

// Three classes of 4-dimensional features, 40, 15 and 5 rows, each around a mean of its own.
inline GeneratorData SmallData() {
  const auto rng = at::detail::createCPUGenerator(/*seed=*/12);
  auto labels = at::zeros({60}, at::kLong);
  labels.narrow(0, 40, 15).fill_(1);
  labels.narrow(0, 55, 5).fill_(2);
  auto features = 0.3 * at::randn({60, 4}, rng, at::TensorOptions(at::kFloat)) + 2.0;
  features.select(1, 0).add_(labels * 3);
  return {.features = features, .labels = labels, .num_classes = 3};
}

// Trains in a fraction of a second.
inline GeneratorTrainingOptions SmallOptions() {
  GeneratorTrainingOptions options;
  options.denoiser.hidden_dim = 16;
  options.denoiser.embedding_dim = 8;
  options.denoiser.num_blocks = 1;
  options.schedule.num_timesteps = 50;
  options.steps = 40;
  options.batch_rows = 16;
  return options;
}

}  // namespace tailcast::training

#endif  // TAILCAST_TESTS_CORE_TRAINING_SMALL_GENERATOR_H_
