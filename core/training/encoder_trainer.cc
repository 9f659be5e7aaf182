#include "core/training/encoder_trainer.h"

#include <cmath>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/status_macros.h"
#include "core/tensor/checks.h"
#include "core/tensor/torch_status.h"
#include "core/training/checkpoint.h"
#include "core/training/encoder_run.h"

namespace tailcast::training {
namespace {

absl::Status WrongOption(absl::string_view option, absl::string_view value,
                         absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("training option ", option, " is ", value, "; expected ", expected));
}

absl::Status CheckCount(absl::string_view option, int64_t value, int64_t min, int64_t max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return WrongOption(option, absl::StrCat(value), absl::StrCat(min, " to ", max));
}

// max: exclusive.
absl::Status CheckNumber(absl::string_view option, double value, double min, double max) {
  if (std::isfinite(value) && value >= min && value < max) return absl::OkStatus();
  return WrongOption(option, absl::StrCat(value), absl::StrCat(min, " to below ", max));
}

absl::Status CheckOptions(const EncoderTrainingOptions& options) {
  constexpr int64_t kMaxPadding = 100'000;
  RETURN_IF_ERROR(CheckCount("epochs", options.epochs, 1, kMaxEncoderEpochs));
  RETURN_IF_ERROR(CheckCount("batch_size", options.batch_size, kMinEncoderBatch, kMaxEncoderBatch));
  RETURN_IF_ERROR(CheckCount("crop_padding", options.augmentation.crop_padding, 0, kMaxPadding));
  RETURN_IF_ERROR(CheckNumber("learning_rate", options.learning_rate, 0, kEncoderRateEnd));
  RETURN_IF_ERROR(CheckNumber("warmup_share", options.warmup_share, 0, 1));
  RETURN_IF_ERROR(CheckNumber("momentum", options.momentum, 0, 1));
  RETURN_IF_ERROR(CheckNumber("weight_decay", options.weight_decay, 0, kEncoderWeightDecayEnd));
  RETURN_IF_ERROR(CheckNumber("mixup", options.mixup, 0, kEncoderMixupEnd));
  RETURN_IF_ERROR(CheckNumber("checkpoint_seconds", options.checkpoint_seconds, 0,
                              std::numeric_limits<double>::infinity()));
  if (options.seed < 0) return WrongOption("seed", absl::StrCat(options.seed), "0 or more");
  return absl::OkStatus();
}

absl::Status CheckTrainingImages(const data::ImageDataset& train) {
  RETURN_IF_ERROR(CheckShape(train.images, {train.size(), -1, -1, -1}, "training images"));
  const std::vector<int64_t> counts = train.class_counts();
  for (size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] == 0) {
      return absl::InvalidArgumentError(absl::StrCat("class ", c, " (", train.class_names[c],
                                                     ") has no training image; expected one or "
                                                     "more"));
    }
  }
  return absl::OkStatus();
}

// Goes on from a checkpoint where there is one.
absl::Status RestoreIfSaved(const std::string& path, EncoderRun& run) {
  if (path.empty()) return absl::OkStatus();
  const auto checkpoint = LoadCheckpoint(path);
  if (absl::IsNotFound(checkpoint.status())) return absl::OkStatus();
  RETURN_IF_ERROR(checkpoint.status());
  return run.Restore(*checkpoint, path);
}

absl::Status SaveIfAsked(const std::string& path, const EncoderRun& run) {
  return path.empty() ? absl::OkStatus() : SaveCheckpoint(path, run.Save());
}

absl::Status RunSteps(const std::string& checkpoint_path, double checkpoint_seconds,
                      EncoderRun& run, ProgressSink& progress) {
  absl::Time saved = absl::Now();
  while (run.steps_done() < run.total_steps()) {
    if (progress.stop_requested()) {
      RETURN_IF_ERROR(SaveIfAsked(checkpoint_path, run));
      return absl::CancelledError(absl::StrCat("training was stopped after ", run.images_done(),
                                               " of ", run.total_images(), " images"));
    }
    RETURN_IF_ERROR(run.Step());
    progress.Advance(run.images_done(), {{"loss", run.epoch_loss()}});
    if (absl::Now() - saved >= absl::Seconds(checkpoint_seconds)) {
      RETURN_IF_ERROR(SaveIfAsked(checkpoint_path, run));
      saved = absl::Now();
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<EncoderFile> TrainEncoder(const data::ImageDataset& train,
                                         const EncoderTrainingOptions& options,
                                         const std::string& checkpoint_path,
                                         ProgressSink& progress) {
  return CatchTorchErrors([&]() -> absl::StatusOr<EncoderFile> {
    RETURN_IF_ERROR(CheckOptions(options));
    RETURN_IF_ERROR(CheckTrainingImages(train));
    ASSIGN_OR_RETURN(EncoderRun run, EncoderRun::Create(train, options));
    RETURN_IF_ERROR(RestoreIfSaved(checkpoint_path, run));
    progress.Begin("train encoder", "images", run.images_done(), run.total_images());
    const absl::Status status =
        RunSteps(checkpoint_path, options.checkpoint_seconds, run, progress);
    progress.End();
    RETURN_IF_ERROR(status);
    return run.Result();
  });
}

}  // namespace tailcast::training
