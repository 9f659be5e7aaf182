#include "client/cli/encode_command.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/number_flag.h"
#include "client/cli/output_file.h"
#include "client/cli/split_images.h"
#include "core/base/cpu_count.h"
#include "core/base/status_macros.h"
#include "core/data/feature_file.h"
#include "core/tensor/compute_threads.h"
#include "core/training/encode_dataset.h"
#include "core/training/encoder_file.h"

namespace tailcast::cli {
namespace {

constexpr char kExample[] =
    "Example:\n"
    "  tailcast encode --encoder encoder.safetensors --data /usr/share/datasets/fashion-mnist \\\n"
    "    --split split.json --part train --output train.safetensors";

struct Flags {
  std::string encoder;
  std::string data;
  std::string split;
  std::string part;
  std::string output;
  int64_t threads = AvailableCpuCount();
};

absl::StatusOr<CommandResult> Encode(const Flags& flags, CommandContext& context) {
  std::vector<InputPath> inputs = ImageInputs(flags.data, flags.split);
  inputs.push_back({"--encoder", flags.encoder});
  RETURN_IF_ERROR(CheckOutputPath(flags.output, inputs));
  SetComputeThreads(static_cast<int>(flags.threads));
  ASSIGN_OR_RETURN(const training::EncoderFile encoder, training::ReadEncoderFile(flags.encoder));
  RETURN_IF_ERROR(CheckStop(context));
  ASSIGN_OR_RETURN(const data::ImageDataset images,
                   ReadSplitImages(flags.data, flags.split, flags.part));
  RETURN_IF_ERROR(CheckStop(context));
  ASSIGN_OR_RETURN(const data::FeatureSet features,
                   training::EncodeDataset(encoder, images, flags.part, context.progress));
  RETURN_IF_ERROR(CheckStop(context));
  RETURN_IF_ERROR(data::WriteFeatureFile(flags.output, features));
  const std::string fingerprint = ToHex(encoder.encoder->fingerprint());
  return CommandResult{
      .json = {{"output", flags.output},
               {"rows", features.size()},
               {"feature_dim", features.feature_dim()},
               {"class_counts", features.class_counts()},
               {"dataset", features.dataset},
               {"part", features.part},
               {"encoder_fingerprint", fingerprint},
               {"feature_space_digest", ToHex(features.space.digest())}},
      .text = absl::StrCat(features.size(), " features of ", features.feature_dim(),
                           " dimensions (", features.dataset, ", ", features.part, ") in ",
                           flags.output, "\nencoder fingerprint ", fingerprint)};
}

}  // namespace

void AddEncodeCommand(CLI::App& app, CommandRunner& runner) {
  auto flags = std::make_shared<Flags>();
  CLI::App& command = *app.add_subcommand("encode", "Turn images into features");
  command.footer(kExample);
  command.add_option("--encoder", flags->encoder, "File of 'train encoder'")->required();
  command.add_option("--data", flags->data, "Folder of the data set")->required();
  command.add_option("--split", flags->split,
                     "File of 'split': takes its images instead of all training images");
  command.add_option("--part", flags->part, "train, validation (of the split) or test")
      ->required()
      ->check(CLI::IsMember({"train", "validation", "test"}));
  command.add_option("--output", flags->output, "The features, a safetensors file")->required();
  AddIntegerFlag(command, "--threads", flags->threads, kThreadsRange,
                 "Processors to use; default: all that the process may");
  runner.Bind(command, [flags](CommandContext& context) { return Encode(*flags, context); });
}

}  // namespace tailcast::cli
