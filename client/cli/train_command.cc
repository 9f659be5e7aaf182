#include "client/cli/train_command.h"

#include <CLI/CLI.hpp>

namespace tailcast::cli {

void AddTrainCommand(CLI::App& app, CommandRunner& runner) {
  CLI::App& train = *app.add_subcommand("train", "Train an encoder or a generator");
  train.require_subcommand(1);
  CommandRunner::AddVersionFlag(train);
  train.footer(
      "Examples:\n"
      "  tailcast train encoder --data /usr/share/datasets/fashion-mnist --split split.json \\\n"
      "    --output encoder.safetensors\n"
      "  tailcast train generator --features train.safetensors --output generator.safetensors");
  AddTrainEncoderCommand(train, runner);
  AddTrainGeneratorCommand(train, runner);
}

}  // namespace tailcast::cli
