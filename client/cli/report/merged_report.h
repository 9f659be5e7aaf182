#ifndef TAILCAST_CLIENT_CLI_REPORT_MERGED_REPORT_H_
#define TAILCAST_CLIENT_CLI_REPORT_MERGED_REPORT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/report/run_figures.h"
#include "nlohmann/json.hpp"

namespace tailcast::report {

// Mean and sample standard deviation (divided by n - 1; none of one value).
struct Moments {
  double mean = 0;
  std::optional<double> deviation = {};
  std::vector<double> values;
};
Moments MomentsOf(std::vector<double> values);

// Percent over the seeds of one arm.
struct ArmSummary {
  std::string name;
  std::vector<int64_t> seeds;
  Moments accuracy, many, medium, few;
  std::vector<double> per_class;  // means, by class
};

// LDMLR minus another arm, seed by seed, percentage points.
struct Difference {
  std::string from;
  std::vector<int64_t> seeds;
  Moments accuracy, many, medium, few;
  // Test rows that LDMLR alone has right, and that it alone has wrong; over all seeds.
  int64_t gained = 0, lost = 0;
};

// One command of the whole job.
struct Step {
  std::string name;
  std::optional<double> seconds;  // none: not over yet
  std::string command;            // may be empty
};

struct ReportInputs {
  std::vector<RunFigures> runs;  // one per seed
  // Arm name -> a run whose LDMLR used another generator; its seed is one of `runs`.
  std::vector<std::pair<std::string, RunFigures>> ablations;
  // Overrides the runs' own if not empty.
  std::string dataset;
  std::vector<Step> steps;
};

struct MergedReport {
  std::string dataset;
  std::vector<RunFigures> runs;  // ascending seed
  std::vector<std::pair<std::string, RunFigures>> ablations;
  std::vector<ArmSummary> arms;         // as kArmTexts, then others by name
  std::vector<Difference> differences;  // stage 1 and each control
  std::vector<Step> steps;

  const RunFigures& first() const { return runs.front(); }
  // Null if there is no such arm.
  const ArmSummary* Arm(absl::string_view name) const;
  // Of all streams that the report rests on: those of the runs and of the ablations.
  int64_t rows_streamed() const;
};

// INVALID_ARGUMENT if there is no run, a seed occurs twice, an ablation's seed or name is not
// acceptable, or the runs are not of one experiment (data set, classes, counts, test rows, arms).
absl::StatusOr<MergedReport> Merge(ReportInputs inputs);

// report.json. The deviation of an arm with one seed is null.
nlohmann::json ToJson(const MergedReport& report);

// What ran, in order: one object {"step", "seconds", "command"} a line, of which only "step" must
// be there. INVALID_ARGUMENT names `what` and the fault.
absl::StatusOr<std::vector<Step>> ParseSteps(absl::string_view text, const std::string& what);

}  // namespace tailcast::report

#endif  // TAILCAST_CLIENT_CLI_REPORT_MERGED_REPORT_H_
