#include "client/cli/report_command.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/output_file.h"
#include "client/cli/phases.h"
#include "client/cli/report/arm_names.h"
#include "client/cli/report/merged_report.h"
#include "client/cli/report/page.h"
#include "client/cli/report/run_figures.h"
#include "client/cli/text_table.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/status_macros.h"

namespace tailcast::cli {
namespace {

constexpr char kExample[] =
    "Writes the page, and beside it the same name with .json.\n"
    "Example:\n"
    "  tailcast report --inputs trainer/0 trainer/1 trainer/2 --ablation ldmlr_cbdm=trainer/cbdm "
    "\\\n"
    "    --output report.html";
constexpr int64_t kMaxInputBytes = 64 << 20;

struct Flags {
  std::vector<std::string> inputs;
  std::vector<std::string> ablations;  // NAME=DIR
  std::string dataset;
  std::string steps;
  std::string output;
};

// "x/report.html" -> "x/report.json"
std::string JsonPath(const std::string& page_path) {
  constexpr absl::string_view kSuffix = ".html";
  const bool has_suffix =
      page_path.size() > kSuffix.size() &&
      page_path.compare(page_path.size() - kSuffix.size(), kSuffix.size(), kSuffix.data()) == 0;
  const size_t kept = has_suffix ? page_path.size() - kSuffix.size() : page_path.size();
  return page_path.substr(0, kept) + ".json";
}

std::string FiguresPath(const std::string& folder) { return folder + "/figures.json"; }

absl::StatusOr<report::RunFigures> ReadRun(const std::string& folder) {
  const std::string path = FiguresPath(folder);
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxInputBytes));
  return report::ParseRunFigures(text, path);
}

// NAME and DIR.
absl::StatusOr<std::pair<std::string, std::string>> ParseAblation(const std::string& flag) {
  const size_t equals = flag.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == flag.size()) {
    return WrongUsage(absl::StrCat("--ablation '", flag, "': expected NAME=DIR"));
  }
  return std::make_pair(flag.substr(0, equals), flag.substr(equals + 1));
}

// Page and JSON can be written and are no file of a run.
absl::Status CheckOutputs(const Flags& flags) {
  std::vector<InputPath> inputs = {{"--steps", flags.steps}};
  for (const std::string& folder : flags.inputs) {
    inputs.push_back({"--inputs", FiguresPath(folder)});
  }
  for (const std::string& ablation : flags.ablations) {
    ASSIGN_OR_RETURN(const auto named, ParseAblation(ablation));
    inputs.push_back({"--ablation", FiguresPath(named.second)});
  }
  RETURN_IF_ERROR(CheckOutputPath(flags.output, inputs));
  return CheckOutputPath(JsonPath(flags.output), inputs);
}

absl::StatusOr<report::ReportInputs> ReadInputs(const Flags& flags, const CommandContext& context) {
  report::ReportInputs inputs;
  inputs.dataset = flags.dataset;
  for (const std::string& folder : flags.inputs) {
    RETURN_IF_ERROR(CheckStop(context));
    ASSIGN_OR_RETURN(report::RunFigures run, ReadRun(folder));
    inputs.runs.push_back(std::move(run));
  }
  for (const std::string& ablation : flags.ablations) {
    RETURN_IF_ERROR(CheckStop(context));
    ASSIGN_OR_RETURN(auto named, ParseAblation(ablation));
    ASSIGN_OR_RETURN(report::RunFigures run, ReadRun(named.second));
    inputs.ablations.emplace_back(std::move(named.first), std::move(run));
  }
  if (flags.steps.empty()) return inputs;
  ASSIGN_OR_RETURN(const std::string text, ReadFile(flags.steps, kMaxInputBytes));
  ASSIGN_OR_RETURN(inputs.steps, report::ParseSteps(text, flags.steps));
  return inputs;
}

std::string Percent(double value) { return absl::StrFormat("%.2f", value); }

std::string ArmTable(const report::MergedReport& report) {
  std::vector<std::vector<std::string>> rows = {
      {"arm", "accuracy", "std", "many", "medium", "few", "seeds"}};
  for (const report::ArmSummary& arm : report.arms) {
    rows.push_back({report::ArmLabel(arm.name), Percent(arm.accuracy.mean),
                    arm.accuracy.deviation ? Percent(*arm.accuracy.deviation) : "-",
                    Percent(arm.many.mean), Percent(arm.medium.mean), Percent(arm.few.mean),
                    absl::StrCat(arm.seeds.size())});
  }
  return TextTable(rows);
}

absl::StatusOr<CommandResult> Report(const Flags& flags, CommandContext& context) {
  const std::string json_path = JsonPath(flags.output);
  RETURN_IF_ERROR(CheckOutputs(flags));
  Phases phases(context, 3);
  RETURN_IF_ERROR(phases.Begin("read runs"));
  ASSIGN_OR_RETURN(report::ReportInputs inputs, ReadInputs(flags, context));
  RETURN_IF_ERROR(phases.Begin("compare arms"));
  ASSIGN_OR_RETURN(const report::MergedReport report, report::Merge(std::move(inputs)));
  const nlohmann::json json = report::ToJson(report);
  ASSIGN_OR_RETURN(const std::string text, CanonicalJson(json));
  const std::string page = report::RenderPage(report);
  RETURN_IF_ERROR(phases.Begin("write report"));
  RETURN_IF_ERROR(WriteFileAtomically(json_path, text + "\n"));
  RETURN_IF_ERROR(WriteFileAtomically(flags.output, page));
  phases.End();
  return CommandResult{
      .json = {{"page", flags.output}, {"json", json_path}, {"arms", json["arms"]}},
      .text = absl::StrCat(ArmTable(report), "\nreport ", flags.output, "\nfigures ", json_path)};
}

}  // namespace

void AddReportCommand(CLI::App& app, CommandRunner& runner) {
  auto flags = std::make_shared<Flags>();
  CLI::App& command =
      *app.add_subcommand("report", "Compare arms over seeds in one page and one JSON");
  command.footer(kExample);
  command.add_option("--inputs", flags->inputs, "Folders of 'retrain', one per seed")
      ->required()
      ->type_name("DIR");
  command
      .add_option("--ablation", flags->ablations,
                  "NAME=DIR: LDMLR of this folder as arm NAME; its seed is one of the inputs'")
      ->type_name("NAME=DIR")
      ->expected(1)
      ->take_all();
  command.add_option("--dataset", flags->dataset, "Name of the data set for the title");
  command.add_option("--steps", flags->steps,
                     "What ran, to show: a line {\"step\", \"seconds\", \"command\"} for each");
  command.add_option("--output", flags->output, "HTML file to write")->required();
  runner.Bind(command, [flags](CommandContext& context) { return Report(*flags, context); });
}

}  // namespace tailcast::cli
