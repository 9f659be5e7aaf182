#ifndef TAILCAST_CLIENT_CLI_RETRAIN_FLAGS_H_
#define TAILCAST_CLIENT_CLI_RETRAIN_FLAGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "client/cli/retrain/trainer_data.h"
#include "core/training/controls.h"

namespace CLI {
class App;
}  // namespace CLI

namespace tailcast::cli {

// What the user says to `tailcast retrain`, and the defaults.
struct RetrainFlags {
  std::string server = "127.0.0.1:50071";
  std::string bundle;
  retrain::TrainerFiles files;
  std::string output;
  std::string plan = "each=500";
  std::string guidance_candidates = "0,-0.1:-0.3,-0.1:-0.5,-0.2:-0.6";
  std::string bias_shifts = absl::StrJoin(training::BiasShiftGrid(), ",");
  std::string regularizations = absl::StrJoin(training::RegularizationGrid(), ",");
  std::string refit = "regularised";
  std::string arms;
  int64_t seed = 0;
  int64_t num_steps = 0;  // 0: the bundle's
  int64_t epochs = 400;
  int64_t data_free_rows = 2000;
  // Little to compute, and the same figures wherever it runs.
  int64_t threads = 1;
  double retry_for = 60;
};

// Arms that a trainer can fit, stage1 first.
std::vector<std::string> RetrainArms();

// Adds the flags, with ranges and help. `flags` must outlive the command.
void AddRetrainFlags(CLI::App& command, RetrainFlags& flags);

// The command line that gives the same result; flags that have their default are left out, and so
// is --retry-for, which decides nothing of it.
std::string CommandText(const RetrainFlags& flags);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_RETRAIN_FLAGS_H_
