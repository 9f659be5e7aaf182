#include "client/cli/phases.h"

#include "core/base/status_macros.h"

namespace tailcast::cli {

absl::Status Phases::Begin(const std::string& what) {
  RETURN_IF_ERROR(CheckStop(context_));
  context_.progress.Begin(what, "steps", begun_++, count_);
  return absl::OkStatus();
}

void Phases::End() {
  context_.progress.Advance(count_, {});
  context_.progress.End();
}

}  // namespace tailcast::cli
