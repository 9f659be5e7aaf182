#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/report/merged_report.h"
#include "core/base/json.h"
#include "core/base/status_macros.h"

namespace tailcast::report {
namespace {

using nlohmann::json;

constexpr double kMaxSeconds = 1e9;

json OrNull(const std::optional<double>& value) { return value ? json(*value) : json(nullptr); }

json ToJson(const ArmSummary& arm) {
  return {{"accuracy_mean", arm.accuracy.mean},
          {"accuracy_std", OrNull(arm.accuracy.deviation)},
          {"accuracy_by_seed", arm.accuracy.values},
          {"many", arm.many.mean},
          {"medium", arm.medium.mean},
          {"few", arm.few.mean},
          {"few_std", OrNull(arm.few.deviation)},
          {"per_class", arm.per_class},
          {"seeds", arm.seeds}};
}

json ToJson(const Difference& difference) {
  return {{"accuracy_mean", difference.accuracy.mean},
          {"accuracy_std", OrNull(difference.accuracy.deviation)},
          {"accuracy_by_seed", difference.accuracy.values},
          {"many", difference.many.mean},
          {"medium", difference.medium.mean},
          {"few", difference.few.mean},
          {"few_std", OrNull(difference.few.deviation)},
          {"gained_rows", difference.gained},
          {"lost_rows", difference.lost},
          {"seeds", difference.seeds}};
}

json RunJson(const RunFigures& run) {
  json streams = json::object();
  for (const auto& [name, stream] : run.streams) {
    streams[name] = {{"address", stream.address},
                     {"recipe", stream.recipe},
                     {"rows", stream.rows},
                     {"seconds", stream.seconds},
                     {"validation_accuracy", stream.validation_accuracy}};
  }
  return {{"seed", run.seed},
          {"bundle", run.bundle},
          {"bundle_digest", run.bundle_digest},
          {"feature_space_digest", run.feature_space_digest},
          {"address", run.address},
          {"recipe", run.recipe},
          {"plan", run.plan},
          {"sampler", run.sampler},
          {"rows_streamed", run.rows_streamed},
          {"streams", std::move(streams)},
          {"choices", run.choices},
          {"bias_shifts", run.bias_shifts},
          {"validation_rows", run.validation_rows},
          {"test_rows", run.test_rows},
          {"seconds", run.seconds},
          {"command", run.command},
          {"versions", run.versions}};
}

json DistancesJson(const RunFigures& run) {
  json distances = json::object();
  for (const auto& [name, figures] : run.distances) {
    distances[name] = {{"rows", figures.rows},
                       {"quantile_shares", kQuantileShares},
                       {"quantiles", figures.quantiles},
                       {"copies", figures.copies}};
  }
  return distances;
}

// The measured steps, or else what retrain itself measured.
json SecondsJson(const MergedReport& report) {
  json seconds = json::object();
  for (const Step& step : report.steps) {
    if (step.seconds) seconds[step.name] = *step.seconds;
  }
  if (!report.steps.empty()) return seconds;
  for (const RunFigures& run : report.runs) {
    for (const auto& [part, value] : run.seconds) {
      seconds[absl::StrCat("retrain seed ", run.seed, ": ", part)] = value;
    }
  }
  return seconds;
}

json CommandsJson(const MergedReport& report) {
  json commands = json::array();
  for (const Step& step : report.steps) {
    if (!step.command.empty()) commands.push_back({{"step", step.name}, {"command", step.command}});
  }
  if (!commands.empty()) return commands;
  for (const RunFigures& run : report.runs) {
    commands.push_back(
        {{"step", absl::StrCat("retrain seed ", run.seed)}, {"command", run.command}});
  }
  for (const auto& [name, run] : report.ablations) {
    commands.push_back({{"step", absl::StrCat("retrain ", name)}, {"command", run.command}});
  }
  return commands;
}

absl::StatusOr<Step> ParseStepLine(absl::string_view line, const std::string& what) {
  ASSIGN_OR_RETURN(const json object, ParseJson(line, what));
  JsonReader reader(object, what);
  Step step;
  step.name = reader.String("step");
  if (reader.Has("seconds")) step.seconds = reader.Double("seconds", 0, kMaxSeconds);
  if (reader.Has("command")) step.command = reader.String("command");
  RETURN_IF_ERROR(reader.Finish());
  return step;
}

}  // namespace

json ToJson(const MergedReport& report) {
  const RunFigures& first = report.first();
  json arms = json::object(), differences = json::object(), ablations = json::object();
  for (const ArmSummary& arm : report.arms) arms[arm.name] = ToJson(arm);
  for (const Difference& difference : report.differences) {
    differences[difference.from] = ToJson(difference);
  }
  json runs = json::array();
  std::vector<int64_t> seeds;
  for (const RunFigures& run : report.runs) {
    runs.push_back(RunJson(run));
    seeds.push_back(run.seed);
  }
  for (const auto& [name, run] : report.ablations) ablations[name] = RunJson(run);
  return {
      {"format", "tailcast.report.v1"},
      {"dataset", report.dataset},
      {"class_names", first.class_names},
      {"class_counts", first.class_counts},
      {"groups",
       {{"many", first.groups.many}, {"medium", first.groups.medium}, {"few", first.groups.few}}},
      {"seeds", seeds},
      {"arms", std::move(arms)},
      {"ldmlr_minus", std::move(differences)},
      {"rows_streamed", report.rows_streamed()},
      {"bundle_digest", first.bundle_digest},
      {"address", first.address},
      {"runs", std::move(runs)},
      {"ablations", std::move(ablations)},
      {"distances", DistancesJson(first)},
      {"seconds", SecondsJson(report)},
      {"commands", CommandsJson(report)}};
}

absl::StatusOr<std::vector<Step>> ParseSteps(absl::string_view text, const std::string& what) {
  std::vector<Step> steps;
  int64_t number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    ASSIGN_OR_RETURN(Step step, ParseStepLine(line, absl::StrCat(what, " line ", number)));
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace tailcast::report
