#include "client/cli/training_run.h"

#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"

namespace tailcast::cli {

std::string CheckpointPath(const std::string& output) { return output + ".checkpoint"; }

absl::Status PrepareTraining(const std::string& output, bool fresh,
                             const std::vector<InputPath>& inputs) {
  RETURN_IF_ERROR(CheckOutputPath(output, inputs));
  RETURN_IF_ERROR(CheckOutputPath(CheckpointPath(output), inputs));
  return fresh ? RemoveAll(CheckpointPath(output)) : absl::OkStatus();
}

absl::Status ExplainCheckpoint(const absl::Status& status, const std::string& output) {
  const std::string checkpoint = CheckpointPath(output);
  if (!PathExists(checkpoint)) return status;
  if (absl::IsCancelled(status)) {
    return absl::CancelledError(
        absl::StrCat("interrupted; the same command goes on from '", checkpoint, "'"));
  }
  if (!absl::IsFailedPrecondition(status) && !absl::IsDataLoss(status)) return status;
  return absl::Status(status.code(), absl::StrCat(status.message(), " (--fresh starts anew)"));
}

absl::Status RemoveCheckpoint(const std::string& output) {
  return RemoveAll(CheckpointPath(output));
}

}  // namespace tailcast::cli
