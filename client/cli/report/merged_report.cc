#include "client/cli/report/merged_report.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/cli/report/arm_names.h"
#include "core/base/status_macros.h"

namespace tailcast::report {
namespace {

Moments Over(const std::vector<ArmFigures>& figures, double ArmFigures::*member) {
  std::vector<double> values;
  for (const ArmFigures& arm : figures) values.push_back(arm.*member);
  return MomentsOf(std::move(values));
}

Moments Minus(const Moments& left, const Moments& right) {
  std::vector<double> values;
  for (size_t i = 0; i < left.values.size(); ++i) {
    values.push_back(left.values[i] - right.values[i]);
  }
  return MomentsOf(std::move(values));
}

ArmSummary Summarize(const std::string& name, const std::vector<int64_t>& seeds,
                     const std::vector<ArmFigures>& figures) {
  ArmSummary summary = {.name = name,
                        .seeds = seeds,
                        .accuracy = Over(figures, &ArmFigures::accuracy),
                        .many = Over(figures, &ArmFigures::many),
                        .medium = Over(figures, &ArmFigures::medium),
                        .few = Over(figures, &ArmFigures::few),
                        .per_class = std::vector<double>(figures.front().per_class.size())};
  for (size_t k = 0; k < summary.per_class.size(); ++k) {
    for (const ArmFigures& arm : figures) summary.per_class[k] += arm.per_class[k];
    summary.per_class[k] /= static_cast<double>(figures.size());
  }
  return summary;
}

absl::Status CheckSame(const RunFigures& first, const RunFigures& other) {
  const auto differ = [&](const char* member) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the runs with seed ", first.seed, " and seed ", other.seed, " (bundles ", first.bundle,
        ", ", other.bundle, ") differ in ", member, "; expected runs of one experiment"));
  };
  if (first.dataset != other.dataset) return differ("dataset");
  if (first.class_names != other.class_names) return differ("class_names");
  if (first.class_counts != other.class_counts) return differ("class_counts");
  if (!(first.groups == other.groups)) return differ("groups");
  if (first.test_rows != other.test_rows) return differ("test_rows");
  return absl::OkStatus();
}

absl::Status CheckArms(const RunFigures& first, const RunFigures& other) {
  for (const auto& [name, arm] : first.arms) {
    if (other.arms.contains(name)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("the run with seed ", other.seed, " has no arm '", name,
                     "' which the run with seed ", first.seed, " has; expected the same arms"));
  }
  return absl::OkStatus();
}

absl::Status CheckRuns(const std::vector<RunFigures>& runs) {
  if (runs.empty()) {
    return absl::InvalidArgumentError("no run to report; expected at least one folder of retrain");
  }
  if (!runs.front().arms.contains(kLdmlr)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the run with seed ", runs.front().seed, " has no arm '", kLdmlr, "'"));
  }
  std::set<int64_t> seeds;
  for (const RunFigures& run : runs) {
    if (!seeds.insert(run.seed).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("seed ", run.seed, " occurs twice; expected one run per seed"));
    }
    RETURN_IF_ERROR(CheckSame(runs.front(), run));
    RETURN_IF_ERROR(CheckArms(runs.front(), run));
    RETURN_IF_ERROR(CheckArms(run, runs.front()));
  }
  return absl::OkStatus();
}

absl::Status CheckAblation(const std::vector<RunFigures>& runs, const std::string& name,
                           const RunFigures& ablation) {
  const RunFigures& first = runs.front();
  if (name.empty() || first.arms.contains(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("ablation name '", name, "'; expected a name that is no arm of the runs"));
  }
  if (!ablation.arms.contains(kLdmlr)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the run of ablation '", name, "' has no arm '", kLdmlr, "'"));
  }
  const bool paired = std::any_of(runs.begin(), runs.end(),
                                  [&](const RunFigures& run) { return run.seed == ablation.seed; });
  if (!paired) {
    return absl::InvalidArgumentError(absl::StrCat("ablation '", name, "' has seed ", ablation.seed,
                                                   "; expected a seed that the runs have too"));
  }
  return CheckSame(first, ablation);
}

// Position in the order of display.
size_t RankOf(const std::string& name) {
  const auto found = std::find_if(kArmTexts.begin(), kArmTexts.end(),
                                  [&](const ArmText& arm) { return name == arm.name; });
  return static_cast<size_t>(found - kArmTexts.begin());
}

std::vector<ArmSummary> SummarizeArms(const MergedReport& report) {
  std::vector<int64_t> seeds;
  for (const RunFigures& run : report.runs) seeds.push_back(run.seed);
  std::vector<ArmSummary> arms;
  for (const auto& [name, unused] : report.first().arms) {
    std::vector<ArmFigures> figures;
    for (const RunFigures& run : report.runs) figures.push_back(run.arms.at(name));
    arms.push_back(Summarize(name, seeds, figures));
  }
  for (const auto& [name, run] : report.ablations) {
    arms.push_back(Summarize(name, {run.seed}, {run.arms.at(kLdmlr)}));
  }
  std::stable_sort(arms.begin(), arms.end(), [](const ArmSummary& a, const ArmSummary& b) {
    return RankOf(a.name) < RankOf(b.name);
  });
  return arms;
}

Difference Compare(const MergedReport& report, const ArmSummary& other) {
  const ArmSummary& ldmlr = *report.Arm(kLdmlr);
  Difference difference = {.from = other.name,
                           .seeds = other.seeds,
                           .accuracy = Minus(ldmlr.accuracy, other.accuracy),
                           .many = Minus(ldmlr.many, other.many),
                           .medium = Minus(ldmlr.medium, other.medium),
                           .few = Minus(ldmlr.few, other.few)};
  for (const RunFigures& run : report.runs) {
    const auto paired = run.paired.find(other.name);
    if (paired == run.paired.end()) continue;
    difference.gained += paired->second.gained;
    difference.lost += paired->second.lost;
  }
  return difference;
}

}  // namespace

Moments MomentsOf(std::vector<double> values) {
  Moments moments;
  const double count = static_cast<double>(values.size());
  for (const double value : values) moments.mean += value / count;
  double squares = 0;
  for (const double value : values) squares += (value - moments.mean) * (value - moments.mean);
  if (values.size() > 1) moments.deviation = std::sqrt(squares / (count - 1));
  moments.values = std::move(values);
  return moments;
}

const ArmSummary* MergedReport::Arm(absl::string_view name) const {
  for (const ArmSummary& arm : arms) {
    if (arm.name == name) return &arm;
  }
  return nullptr;
}

int64_t MergedReport::rows_streamed() const {
  int64_t rows = 0;
  for (const RunFigures& run : runs) rows += run.rows_streamed;
  for (const auto& [name, run] : ablations) rows += run.rows_streamed;
  return rows;
}

absl::StatusOr<MergedReport> Merge(ReportInputs inputs) {
  RETURN_IF_ERROR(CheckRuns(inputs.runs));
  std::set<std::string> names;
  for (const auto& [name, run] : inputs.ablations) {
    RETURN_IF_ERROR(CheckAblation(inputs.runs, name, run));
    if (!names.insert(name).second) {
      return absl::InvalidArgumentError(absl::StrCat("ablation '", name, "' occurs twice"));
    }
  }
  MergedReport report;
  report.dataset = inputs.dataset.empty() ? inputs.runs.front().dataset : inputs.dataset;
  report.runs = std::move(inputs.runs);
  report.ablations = std::move(inputs.ablations);
  report.steps = std::move(inputs.steps);
  std::sort(report.runs.begin(), report.runs.end(),
            [](const RunFigures& a, const RunFigures& b) { return a.seed < b.seed; });
  report.arms = SummarizeArms(report);
  for (const char* name : {kStage1, kLogitAdjustment, kBalancedSoftmax, kClassGaussian}) {
    if (const ArmSummary* arm = report.Arm(name)) {
      report.differences.push_back(Compare(report, *arm));
    }
  }
  return report;
}

}  // namespace tailcast::report
