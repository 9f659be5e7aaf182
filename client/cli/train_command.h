#ifndef TAILCAST_CLIENT_CLI_TRAIN_COMMAND_H_
#define TAILCAST_CLIENT_CLI_TRAIN_COMMAND_H_

#include "client/cli/command.h"

namespace tailcast::cli {

// `tailcast train encoder`: an encoder with its stage-1 classifier, from images.
void AddTrainEncoderCommand(CLI::App& train, CommandRunner& runner);

// `tailcast train generator`: a class-conditional diffusion model, from features.
void AddTrainGeneratorCommand(CLI::App& train, CommandRunner& runner);

// `tailcast train`, which holds the two.
void AddTrainCommand(CLI::App& app, CommandRunner& runner);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_TRAIN_COMMAND_H_
