#ifndef TAILCAST_CORE_TRAINING_GENERATOR_TRAINER_H_
#define TAILCAST_CORE_TRAINING_GENERATOR_TRAINER_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "core/diffusion/generator.h"
#include "core/diffusion/losses/make_loss.h"
#include "core/tensor/tensor_io.h"
#include "core/training/progress.h"
#include "nlohmann/json.hpp"

namespace tailcast::training {

// What a generator learns from.
//
// Shapes: N rows, D feature_dim, K classes, M validation rows.
struct GeneratorData {
  at::Tensor features;  // [N, D] f32
  at::Tensor labels;    // [N] int64 in [0, K)
  int64_t num_classes = 0;
  // Undefined if there are none; only the validation loss sees them.
  at::Tensor validation_features = {};  // [M, D] f32
  at::Tensor validation_labels = {};    // [M] int64 in [0, K)
};

// Limits of the options below.
inline constexpr int64_t kMaxGeneratorSteps = 1'000'000'000;
inline constexpr int64_t kMaxGeneratorBatchRows = int64_t{1} << 20;
inline constexpr double kMaxGeneratorRate = 10;

// The defaults are a recipe that was measured on the features of long-tailed CIFAR: half a minute
// on one core for 64 dimensions.
struct GeneratorTrainingOptions {
  diffusion::ObjectiveSpec objective = {};
  // Network; feature_dim and num_classes come from the data.
  diffusion::DenoiserSpec denoiser = {};
  diffusion::ScheduleSpec schedule = {};
  diffusion::PredictionType prediction = diffusion::PredictionType::kVelocity;
  // Generated features are cut at 0.
  bool non_negative = true;

  int64_t steps = 2000;  // [1, 10^9]
  // Rows of one step, drawn with replacement. [1, 2^20]
  int64_t batch_rows = 256;
  // A row of class c is drawn with probability proportional to n_c^-balance: 0 takes rows as they
  // come, 1 all classes alike. [0, 1]
  double balance = 0.5;
  // Share of rows that are trained without their class, for guidance. [0, 1]
  double label_dropout = 0.1;
  // AdamW; the rate rises over the first `warmup_share` of the steps, then falls to 0 as a cosine.
  double learning_rate = 2e-3;  // [0, 10]
  double weight_decay = 1e-4;   // [0, 1]
  double warmup_share = 0.1;    // [0, 1]
  // Weight of the past in the moving average of the parameters, which is what is published. [0, 1)
  double ema_decay = 0.995;

  int64_t seed = 0;  // [0, 2^63)
  // Seconds between checkpoints, 0 or more.
  double checkpoint_seconds = 5.0;
};

// Everything that decides the weights, for figures and checkpoints.
nlohmann::json ToJson(const GeneratorTrainingOptions& options);

struct TrainedGenerator {
  diffusion::GeneratorSpec spec;
  // Averaged weights and standardization, as diffusion::Generator::Create() takes them.
  NamedTensors tensors;
  // "options"; "steps_done"; "training_loss" and "regularization", exponential means over the last
  // steps; "validation_loss" if there are validation rows; "classes_without_rows".
  nlohmann::json figures;
};

// Trains a generator. The same data, options and number of threads give the same bits, also over
// any number of interruptions: if `checkpoint_path` is not empty, a checkpoint is written there
// every few seconds and on a stop, and training goes on from it. The caller removes it once it has
// saved the result.
//
// INVALID_ARGUMENT: features not finite, labels out of range, an option out of its range.
// CANCELLED: progress.stop_requested(). DATA_LOSS: damaged checkpoint. FAILED_PRECONDITION:
// checkpoint of other data, options, number of threads or version of LibTorch (the first that
// differs is named), or a loss that became infinite. An absent class is allowed: its label is never
// trained.
absl::StatusOr<TrainedGenerator> TrainGenerator(const GeneratorData& data,
                                                const GeneratorTrainingOptions& options,
                                                const std::string& checkpoint_path,
                                                ProgressSink& progress);

}  // namespace tailcast::training

#endif  // TAILCAST_CORE_TRAINING_GENERATOR_TRAINER_H_
