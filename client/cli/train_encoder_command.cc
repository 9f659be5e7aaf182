#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/number_flag.h"
#include "client/cli/split_images.h"
#include "client/cli/train_command.h"
#include "client/cli/training_run.h"
#include "core/base/cpu_count.h"
#include "core/base/status_macros.h"
#include "core/tensor/compute_threads.h"
#include "core/training/encoder_file.h"
#include "core/training/encoder_trainer.h"

namespace tailcast::cli {
namespace {

constexpr char kExample[] =
    "Keeps its state in FILE.checkpoint; the same command goes on from it after an interruption.\n"
    "Example:\n"
    "  tailcast train encoder --data /usr/share/datasets/fashion-mnist --split split.json \\\n"
    "    --output encoder.safetensors";
constexpr IntegerRange kEpochsRange = {1, training::kMaxEncoderEpochs};
constexpr IntegerRange kBatchRange = {training::kMinEncoderBatch, training::kMaxEncoderBatch};
constexpr NumberRange kLearningRateRange = {1e-8, training::kEncoderRateEnd,
                                            /*excludes_max=*/true};
constexpr NumberRange kWeightDecayRange = {0, training::kEncoderWeightDecayEnd,
                                           /*excludes_max=*/true};
constexpr NumberRange kMixupRange = {0, training::kEncoderMixupEnd, /*excludes_max=*/true};
constexpr IntegerRange kPaddingRange = {0, 64};

struct Flags {
  std::string data;
  std::string split;
  std::string output;
  int64_t threads = AvailableCpuCount();
  bool fresh = false;
  bool no_flip = false;
  training::EncoderTrainingOptions training;
};

CommandResult Describe(const training::EncoderFile& file, const Flags& flags) {
  const std::string fingerprint = ToHex(file.encoder->fingerprint());
  return {.json = {{"output", flags.output},
                   {"dataset", file.dataset},
                   {"feature_dim", file.encoder->feature_dim()},
                   {"class_counts", file.class_counts},
                   {"encoder_fingerprint", fingerprint},
                   {"feature_space_digest", ToHex(file.space().digest())},
                   {"training", file.training}},
          .text = absl::StrCat("encoder of ", file.encoder->feature_dim(), " features for ",
                               file.class_names.size(), " classes (", file.dataset, ") in ",
                               flags.output, "\nencoder fingerprint ", fingerprint)};
}

absl::StatusOr<CommandResult> TrainEncoder(const Flags& flags, CommandContext& context) {
  RETURN_IF_ERROR(PrepareTraining(flags.output, flags.fresh, ImageInputs(flags.data, flags.split)));
  SetComputeThreads(static_cast<int>(flags.threads));
  training::EncoderTrainingOptions options = flags.training;
  options.augmentation.horizontal_flip = !flags.no_flip;
  ASSIGN_OR_RETURN(const data::ImageDataset images,
                   ReadSplitImages(flags.data, flags.split, "train"));
  RETURN_IF_ERROR(CheckStop(context));
  const absl::StatusOr<training::EncoderFile> file =
      training::TrainEncoder(images, options, CheckpointPath(flags.output), context.progress);
  if (!file.ok()) return ExplainCheckpoint(file.status(), flags.output);
  RETURN_IF_ERROR(training::WriteEncoderFile(flags.output, *file));
  RETURN_IF_ERROR(RemoveCheckpoint(flags.output));
  return Describe(*file, flags);
}

void AddTrainingFlags(CLI::App& command, Flags& flags) {
  training::EncoderTrainingOptions& training = flags.training;
  AddIntegerFlag(command, "--epochs", training.epochs, kEpochsRange, "Passes over the images");
  AddIntegerFlag(command, "--batch-size", training.batch_size, kBatchRange, "Images of a step");
  AddNumberFlag(command, "--learning-rate", training.learning_rate, kLearningRateRange,
                "Peak of the one-cycle schedule");
  AddNumberFlag(command, "--weight-decay", training.weight_decay, kWeightDecayRange,
                "On all weights but biases and normalisation");
  AddIntegerFlag(command, "--crop-padding", training.augmentation.crop_padding, kPaddingRange,
                 "Pixels added before a random crop; 0: no crop");
  AddNumberFlag(command, "--mixup", training.mixup, kMixupRange,
                "Mixes each batch with itself by Beta(X, X); 0: no mixing");
  command.add_flag("--no-flip", flags.no_flip, "Do not mirror images");
  AddIntegerFlag(command, "--seed", training.seed, kSeedRange,
                 "Of weights, order and augmentation");
  AddIntegerFlag(command, "--threads", flags.threads, kThreadsRange,
                 "Processors to use; default: all that the process may. The last bits of the "
                 "weights depend on it");
}

}  // namespace

void AddTrainEncoderCommand(CLI::App& train, CommandRunner& runner) {
  auto flags = std::make_shared<Flags>();
  CLI::App& command =
      *train.add_subcommand("encoder", "Train an encoder and its classifier on images");
  command.footer(kExample);
  command.add_option("--data", flags->data, "Folder of the data set")->required();
  command.add_option("--split", flags->split,
                     "File of 'split': trains on its images instead of all training images");
  command.add_option("--output", flags->output, "Encoder and classifier, a safetensors file")
      ->required();
  AddTrainingFlags(command, *flags);
  command.add_flag("--fresh", flags->fresh, "Start anew even if there is a checkpoint");
  runner.Bind(command, [flags](CommandContext& context) { return TrainEncoder(*flags, context); });
}

}  // namespace tailcast::cli
