#include "client/cli/retrain_command.h"

#include <ATen/Parallel.h>
#include <torch/version.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/bundle_flag.h"
#include "client/cli/number_flag.h"
#include "client/cli/output_file.h"
#include "client/cli/report/arm_names.h"
#include "client/cli/report/run_figures.h"
#include "client/cli/retrain/retrain.h"
#include "client/cli/retrain/server_row_source.h"
#include "client/cli/retrain/trainer_data.h"
#include "client/cli/retrain_flags.h"
#include "client/cli/server_flag.h"
#include "client/cli/stop_watcher.h"
#include "client/cli/text_table.h"
#include "core/base/build_info.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/status_macros.h"
#include "core/contract/balance_rule.h"
#include "core/contract/sampler_spec.h"
#include "core/tensor/tensor_io.h"

namespace tailcast::cli {
namespace {

constexpr char kExample[] =
    "Takes rows from the server and nothing else; the files are the trainer's own. Guidance and\n"
    "bias shift are chosen on validation features, the test features are opened once, at the end.\n"
    "Writes DIR/classifier.safetensors and DIR/figures.json.\n"
    "Example:\n"
    "  tailcast retrain --server 127.0.0.1:50071 --bundle fashion-mnist-lt \\\n"
    "    --features train.safetensors --validation validation.safetensors \\\n"
    "    --test test.safetensors --encoder encoder.safetensors --output trainer";
constexpr char kClassifierFormat[] = "tailcast.classifier.v1";
constexpr NumberRange kShiftRange = {-10, 10};
constexpr NumberRange kRegularizationRange = {0, 1000};

absl::StatusOr<std::set<std::string>> ParseArms(const std::string& text) {
  const std::vector<std::string> known = RetrainArms();
  if (text.empty()) return std::set<std::string>(known.begin(), known.end());
  std::set<std::string> arms = {report::kStage1, report::kLdmlr};
  for (const std::string& name : std::vector<std::string>(absl::StrSplit(text, ','))) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return WrongUsage(absl::StrCat("--arms: unknown arm '", name, "'; expected some of ",
                                     absl::StrJoin(known, ", ")));
    }
    arms.insert(name);
  }
  return arms;
}

absl::StatusOr<std::vector<double>> ParseNumbers(const char* flag, const std::string& text,
                                                 const NumberRange& range) {
  std::vector<double> numbers;
  for (const absl::string_view item : absl::StrSplit(text, ',')) {
    double number = 0;
    if (!absl::SimpleAtod(item, &number) || !(number >= range.min) || !(number <= range.max)) {
      return WrongUsage(absl::StrCat(flag, ": '", item, "'; expected numbers in [", range.min, ", ",
                                     range.max, "]"));
    }
    if (std::find(numbers.begin(), numbers.end(), number) != numbers.end()) {
      return WrongUsage(absl::StrCat(flag, ": '", item, "' occurs twice"));
    }
    numbers.push_back(number);
  }
  return numbers;
}

absl::StatusOr<retrain::RefitMethod> ParseRefit(const std::string& text) {
  if (text == "regularised") return retrain::RefitMethod::kRegularised;
  if (text == "paper") return retrain::RefitMethod::kPaper;
  return WrongUsage(absl::StrCat("--refit '", text, "'; expected regularised or paper"));
}

// Guidance, as far as it can be checked before anything is read.
absl::Status CheckCandidates(const std::vector<std::string>& candidates) {
  const std::vector<int64_t> any_counts = {2, 1};
  std::set<std::string> seen;
  for (const std::string& candidate : candidates) {
    const auto weights = ParseGuidance(candidate, any_counts);
    if (!weights.ok()) {
      return WrongUsage(absl::StrCat("--guidance-candidates: ", weights.status().message()));
    }
    if (seen.insert(candidate).second) continue;
    return WrongUsage(absl::StrCat("--guidance-candidates: '", candidate, "' occurs twice"));
  }
  return absl::OkStatus();
}

absl::StatusOr<retrain::RetrainOptions> ParseOptions(const RetrainFlags& flags) {
  if (flags.files.encoder.empty() == flags.files.head.empty()) {
    return WrongUsage("expected one of --encoder and --head");
  }
  retrain::RetrainOptions options;
  if (const absl::Status rule = CheckBalanceRule(flags.plan); !rule.ok()) {
    return WrongUsage(absl::StrCat("--plan: ", rule.message()));
  }
  options.plan = flags.plan;
  options.seed = flags.seed;
  options.guidance_candidates = absl::StrSplit(flags.guidance_candidates, ',');
  RETURN_IF_ERROR(CheckCandidates(options.guidance_candidates));
  ASSIGN_OR_RETURN(options.refit.method, ParseRefit(flags.refit));
  ASSIGN_OR_RETURN(options.refit.bias_shifts,
                   ParseNumbers("--bias-shifts", flags.bias_shifts, kShiftRange));
  ASSIGN_OR_RETURN(options.refit.regularizations,
                   ParseNumbers("--regularizations", flags.regularizations, kRegularizationRange));
  options.refit.paper.epochs = flags.epochs;
  options.refit.paper.seed = flags.seed;
  options.data_free_rows = flags.data_free_rows;
  ASSIGN_OR_RETURN(options.arms, ParseArms(flags.arms));
  return options;
}

absl::StatusOr<retrain::ServerRowOptions> MakeServerOptions(const RetrainFlags& flags) {
  retrain::ServerRowOptions options;
  ASSIGN_OR_RETURN(options.failover, ParseServerFlag(flags.server));
  options.failover.retry.retry_for = absl::Seconds(flags.retry_for);
  options.failover.on_retry = RetryPrinter("tailcast retrain");
  RETURN_IF_ERROR(ParseBundleFlag("--bundle", flags.bundle).status());
  options.bundle = flags.bundle;
  options.seed = flags.seed;
  if (flags.num_steps > 0) options.num_steps = static_cast<int32_t>(flags.num_steps);
  return options;
}

std::string ClassifierPath(const RetrainFlags& flags) {
  return flags.output + "/classifier.safetensors";
}

std::string FiguresPath(const RetrainFlags& flags) { return flags.output + "/figures.json"; }

// Makes the output's folder; both files can be written and are none of the trainer's.
absl::Status PrepareOutput(const RetrainFlags& flags) {
  RETURN_IF_ERROR(CreateDirectories(flags.output));
  const std::vector<InputPath> inputs = {{"--features", flags.files.features},
                                         {"--validation", flags.files.validation},
                                         {"--test", flags.files.test},
                                         {"--encoder", flags.files.encoder},
                                         {"--head", flags.files.head}};
  RETURN_IF_ERROR(CheckOutputPath(ClassifierPath(flags), inputs));
  return CheckOutputPath(FiguresPath(flags), inputs);
}

// The classifier first: figures.json says that a run is whole.
absl::Status WriteResult(const RetrainFlags& flags, const retrain::RetrainResult& result) {
  const report::RunFigures& figures = result.figures;
  const nlohmann::json names = figures.class_names;
  nlohmann::json summary = {
      {"bundle", figures.bundle},   {"bundle_digest", figures.bundle_digest},
      {"address", figures.address}, {"seed", figures.seed},
      {"choices", figures.choices}, {"test_accuracy", figures.arms.at(report::kLdmlr).accuracy}};
  const Metadata metadata = {{"format", kClassifierFormat},
                             {"feature_space_digest", figures.feature_space_digest},
                             {"class_names", names.dump()},
                             {"figures", summary.dump()}};
  ASSIGN_OR_RETURN(const std::string classifier,
                   SerializeSealedTensors(result.head.tensors(), metadata));
  RETURN_IF_ERROR(WriteFileAtomically(ClassifierPath(flags), classifier));
  ASSIGN_OR_RETURN(const std::string text, CanonicalJson(report::ToJson(figures)));
  return WriteFileAtomically(FiguresPath(flags), text + "\n");
}

CommandResult Describe(const RetrainFlags& flags, const report::RunFigures& figures) {
  std::vector<std::vector<std::string>> rows = {{"arm", "accuracy", "many", "medium", "few"}};
  nlohmann::json arms = nlohmann::json::object();
  const auto percent = [](double value) { return absl::StrFormat("%.2f", value); };
  for (const report::ArmText& text : report::kArmTexts) {
    const auto arm = figures.arms.find(text.name);
    if (arm == figures.arms.end()) continue;
    rows.push_back({text.label, percent(arm->second.accuracy), percent(arm->second.many),
                    percent(arm->second.medium), percent(arm->second.few)});
    arms[text.name] = {{"accuracy", arm->second.accuracy},
                       {"many", arm->second.many},
                       {"medium", arm->second.medium},
                       {"few", arm->second.few}};
  }
  const std::string& guidance = figures.choices.at("guidance");
  const std::string& shift = figures.choices.at("bias shift");
  return {.json = {{"output", flags.output},
                   {"arms", std::move(arms)},
                   {"choices", figures.choices},
                   {"bundle", figures.bundle},
                   {"bundle_digest", figures.bundle_digest},
                   {"address", figures.address},
                   {"rows_streamed", figures.rows_streamed},
                   {"seconds", figures.seconds}},
          .text = absl::StrCat(TextTable(rows), "\nchosen on validation data: guidance ", guidance,
                               ", bias shift ", shift, "\nbundle ", figures.bundle, "\naddress ",
                               figures.address, "\nclassifier ", ClassifierPath(flags))};
}

absl::StatusOr<CommandResult> FitAndWrite(const RetrainFlags& flags, CommandContext& context) {
  ASSIGN_OR_RETURN(const retrain::RetrainOptions options, ParseOptions(flags));
  ASSIGN_OR_RETURN(retrain::ServerRowOptions server, MakeServerOptions(flags));
  at::set_num_threads(static_cast<int>(flags.threads));
  RETURN_IF_ERROR(PrepareOutput(flags));
  ASSIGN_OR_RETURN(const retrain::TrainerData data, retrain::ReadTrainerData(flags.files));
  RETURN_IF_ERROR(CheckStop(context));
  // Before anything is streamed; Retrain() makes the plan itself.
  RETURN_IF_ERROR(PlanFromRule(flags.plan, data.class_counts).status());
  const StopWatcher watcher(context.stop_requested);
  server.failover.stop = watcher.token();
  server.feature_space_digest = data.space.digest();
  retrain::ServerRowSource source(std::move(server));
  const auto open_test = [&] { return retrain::ReadTestRows(flags.files, data); };
  ASSIGN_OR_RETURN(retrain::RetrainResult result,
                   retrain::Retrain(data, options, source, open_test, context.progress));
  result.figures.command = CommandText(flags);
  result.figures.versions = {
      {"tailcast", kBuildInfo.version}, {"commit", kBuildInfo.commit}, {"libtorch", TORCH_VERSION}};
  RETURN_IF_ERROR(CheckStop(context));
  RETURN_IF_ERROR(WriteResult(flags, result));
  return Describe(flags, result.figures);
}

absl::StatusOr<CommandResult> RunRetrain(const RetrainFlags& flags, CommandContext& context) {
  const bool had_folder = PathExists(flags.output);
  absl::StatusOr<CommandResult> result = FitAndWrite(flags, context);
  std::error_code ignored;  // a folder that holds anything stays
  if (!result.ok() && !had_folder) std::filesystem::remove(flags.output, ignored);
  return result;
}

}  // namespace

void AddRetrainCommand(CLI::App& app, CommandRunner& runner) {
  auto flags = std::make_shared<RetrainFlags>();
  CLI::App& command = *app.add_subcommand(
      "retrain", "Fit a classifier to real features and features streamed from a server");
  command.footer(kExample);
  AddRetrainFlags(command, *flags);
  runner.Bind(command, [flags](CommandContext& context) { return RunRetrain(*flags, context); });
}

}  // namespace tailcast::cli
