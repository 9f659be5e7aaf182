#ifndef TAILCAST_CLIENT_CLI_TRAINING_RUN_H_
#define TAILCAST_CLIENT_CLI_TRAINING_RUN_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/cli/output_file.h"

namespace tailcast::cli {

// Where a training command keeps its state until FILE is written: FILE.checkpoint.
std::string CheckpointPath(const std::string& output);

// Before training: output and checkpoint can be written and are none of the `inputs`; with `fresh`
// an old checkpoint is removed.
absl::Status PrepareTraining(const std::string& output, bool fresh,
                             const std::vector<InputPath>& inputs);

// After an error: says what to do about the checkpoint, if there is one.
absl::Status ExplainCheckpoint(const absl::Status& status, const std::string& output);

// After the result was written.
absl::Status RemoveCheckpoint(const std::string& output);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_TRAINING_RUN_H_
