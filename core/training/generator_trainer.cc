#include "core/training/generator_trainer.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/status_macros.h"
#include "core/tensor/checks.h"
#include "core/tensor/torch_status.h"
#include "core/training/checkpoint.h"
#include "core/training/generator_run.h"

namespace tailcast::training {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

absl::Status CheckOption(const char* option, double value, double min, double max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(option, " is ", value, "; expected a number in [", min, ", ", max, "]"));
}

absl::Status CheckOptions(const GeneratorTrainingOptions& options) {
  const double below_one = std::nextafter(1.0, 0.0);
  RETURN_IF_ERROR(CheckOption("steps", static_cast<double>(options.steps), 1, kMaxGeneratorSteps));
  RETURN_IF_ERROR(CheckOption("batch_rows", static_cast<double>(options.batch_rows), 1,
                              kMaxGeneratorBatchRows));
  RETURN_IF_ERROR(CheckOption("balance", options.balance, 0, 1));
  RETURN_IF_ERROR(CheckOption("label_dropout", options.label_dropout, 0, 1));
  RETURN_IF_ERROR(CheckOption("learning_rate", options.learning_rate, 0, kMaxGeneratorRate));
  RETURN_IF_ERROR(CheckOption("weight_decay", options.weight_decay, 0, 1));
  RETURN_IF_ERROR(CheckOption("warmup_share", options.warmup_share, 0, 1));
  RETURN_IF_ERROR(CheckOption("ema_decay", options.ema_decay, 0, below_one));
  RETURN_IF_ERROR(CheckOption("seed", static_cast<double>(options.seed), 0, kInfinity));
  return CheckOption("checkpoint_seconds", options.checkpoint_seconds, 0, kInfinity);
}

absl::Status CheckRows(const at::Tensor& features, const at::Tensor& labels, int64_t feature_dim,
                       int64_t num_classes, const std::string& what) {
  constexpr int64_t kAnySize = -1;
  const std::string features_name = absl::StrCat(what, "features");
  RETURN_IF_ERROR(CheckShape(features, {kAnySize, feature_dim}, features_name));
  if (features.scalar_type() != at::kFloat) {
    return absl::InvalidArgumentError(absl::StrCat(features_name, " have element type ",
                                                   toString(features.scalar_type()),
                                                   "; expected Float"));
  }
  if (features.numel() == 0) {
    return absl::InvalidArgumentError(absl::StrCat(features_name, " are empty; expected rows"));
  }
  RETURN_IF_ERROR(CheckShape(labels, {features.size(0)}, absl::StrCat(what, "labels")));
  RETURN_IF_ERROR(CheckFinite(features, features_name));
  return CheckLabels(labels, num_classes, absl::StrCat(what, "labels"));
}

absl::Status CheckData(const GeneratorData& data) {
  constexpr int64_t kAnySize = -1;
  if (data.num_classes < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("num_classes is ", data.num_classes, "; expected 1 or more"));
  }
  RETURN_IF_ERROR(CheckRows(data.features, data.labels, kAnySize, data.num_classes, ""));
  if (!data.validation_features.defined()) return absl::OkStatus();
  return CheckRows(data.validation_features, data.validation_labels, data.features.size(1),
                   data.num_classes, "validation ");
}

// What decides the weights: a checkpoint of anything else is refused.
Metadata RunOf(const GeneratorData& data, const GeneratorTrainingOptions& options) {
  Metadata run = ComputeFacts();
  run["num_classes"] = absl::StrCat(data.num_classes);
  const nlohmann::json members = ToJson(options);
  for (const auto& [name, value] : members.items()) run[name] = value.dump();
  const auto digests = TensorDigests({{"features", data.features}, {"labels", data.labels}});
  for (const auto& [name, digest] : digests) run[name] = ToHex(digest);
  return run;
}

// Continues from the checkpoint, if there is one.
absl::Status Resume(const std::string& path, const Metadata& run_data, GeneratorRun& run) {
  const auto checkpoint = LoadCheckpoint(path);
  if (absl::IsNotFound(checkpoint.status())) return absl::OkStatus();
  RETURN_IF_ERROR(checkpoint.status());
  RETURN_IF_ERROR(CheckSameRun(*checkpoint, run_data, path));
  const absl::Status restored = run.Restore(checkpoint->tensors);
  if (restored.ok()) return restored;
  return absl::DataLossError(absl::StrCat("checkpoint '", path, "': ", restored.message()));
}

absl::Status Stopped(const GeneratorRun& run, int64_t steps, const std::string& path) {
  return absl::CancelledError(
      absl::StrCat("training was stopped after ", run.steps_done(), " of ", steps, " steps",
                   path.empty() ? std::string() : absl::StrCat("; '", path, "' holds the state")));
}

absl::Status RunSteps(const GeneratorTrainingOptions& options, const std::string& path,
                      const Metadata& run_data, ProgressSink& progress, GeneratorRun& run) {
  const auto save = [&] {
    if (path.empty()) return absl::OkStatus();
    return SaveCheckpoint(path, {.tensors = run.State(), .run = run_data});
  };
  const absl::Duration interval = absl::Seconds(options.checkpoint_seconds);
  absl::Time next_checkpoint = absl::Now() + interval;
  while (run.steps_done() < options.steps) {
    if (progress.stop_requested()) {
      RETURN_IF_ERROR(save());
      return Stopped(run, options.steps, path);
    }
    RETURN_IF_ERROR(run.Step());
    progress.Advance(run.steps_done(), {{"loss", run.training_loss()}});
    if (absl::Now() < next_checkpoint) continue;
    RETURN_IF_ERROR(save());
    next_checkpoint = absl::Now() + interval;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TrainedGenerator> TrainGenerator(const GeneratorData& data,
                                                const GeneratorTrainingOptions& options,
                                                const std::string& checkpoint_path,
                                                ProgressSink& progress) {
  return CatchTorchErrors([&]() -> absl::StatusOr<TrainedGenerator> {
    RETURN_IF_ERROR(CheckOptions(options));
    RETURN_IF_ERROR(CheckData(data));
    ASSIGN_OR_RETURN(const std::unique_ptr<GeneratorRun> run, GeneratorRun::Create(data, options));
    Metadata run_data;
    if (!checkpoint_path.empty()) {
      run_data = RunOf(data, options);
      RETURN_IF_ERROR(Resume(checkpoint_path, run_data, *run));
    }
    progress.Begin("training generator", "steps", run->steps_done(), options.steps);
    const absl::Status trained = RunSteps(options, checkpoint_path, run_data, progress, *run);
    progress.End();
    RETURN_IF_ERROR(trained);
    return run->Result(data);
  });
}

}  // namespace tailcast::training
