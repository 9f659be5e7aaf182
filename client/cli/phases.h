#ifndef TAILCAST_CLIENT_CLI_PHASES_H_
#define TAILCAST_CLIENT_CLI_PHASES_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "client/cli/command.h"

namespace tailcast::cli {

// Work in a few steps, none of which says how far it is: shows each one as it begins, and stops
// between them.
class Phases {
 public:
  // `context` must outlive the phases; `count`: how often Begin() will be called.
  Phases(CommandContext& context, int64_t count) : context_(context), count_(count) {}

  // The next phase begins. CANCELLED, and then nothing of it may be done, once the user wants to
  // stop.
  absl::Status Begin(const std::string& what);

  // The last phase is done.
  void End();

 private:
  CommandContext& context_;
  const int64_t count_;
  int64_t begun_ = 0;
};

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_PHASES_H_
