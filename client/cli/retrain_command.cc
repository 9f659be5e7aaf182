#include "client/cli/retrain_command.h"

#include <ATen/Parallel.h>
#include <torch/version.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "client/cli/bundle_flag.h"
#include "client/cli/number_flag.h"
#include "client/cli/report/arm_names.h"
#include "client/cli/report/run_figures.h"
#include "client/cli/retrain/retrain.h"
#include "client/cli/retrain/server_row_source.h"
#include "client/cli/retrain/trainer_data.h"
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
constexpr IntegerRange kStepsRange = {1, kMaxSamplerSteps};
constexpr IntegerRange kDataFreeRange = {1, 1000000};
constexpr IntegerRange kEpochsRange = {1, 100000};
constexpr NumberRange kSecondsRange = {0, 86400};
constexpr NumberRange kShiftRange = {-10, 10};
constexpr NumberRange kRegularizationRange = {0, 1000};
constexpr size_t kTrainerArms = 6;  // of kArmTexts; the others are other generators

struct Flags {
  std::string server = "127.0.0.1:50071";
  std::string bundle;
  retrain::TrainerFiles files;
  std::string output;
  std::string plan = "each=500";
  std::string guidance_candidates = "0,-0.1:-0.3,-0.1:-0.5,-0.2:-0.6";
  std::string bias_shifts = "0,0.1,0.25,0.5";
  std::string regularizations = absl::StrJoin(training::RegularizationGrid(), ",");
  std::string refit = "regularised";
  std::string arms;
  int64_t seed = 0;
  // Set if the flag was given.
  std::optional<int32_t> num_steps;
  int64_t epochs = 400;
  int64_t data_free_rows = 2000;
  // Little to compute, and the same figures wherever it runs.
  int64_t threads = 1;
  double retry_for = 60;
};

std::vector<std::string> TrainerArms() {
  std::vector<std::string> names;
  for (size_t i = 0; i < kTrainerArms; ++i) names.push_back(report::kArmTexts[i].name);
  return names;
}

absl::StatusOr<std::set<std::string>> ParseArms(const std::string& text) {
  const std::vector<std::string> known = TrainerArms();
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
    numbers.push_back(number);
  }
  return numbers;
}

absl::StatusOr<retrain::RefitMethod> ParseRefit(const std::string& text) {
  if (text == "regularised") return retrain::RefitMethod::kRegularised;
  if (text == "paper") return retrain::RefitMethod::kPaper;
  return WrongUsage(absl::StrCat("--refit '", text, "'; expected regularised or paper"));
}

// Guidance and plan as far as they can be checked before anything is read.
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

absl::StatusOr<retrain::RetrainOptions> ParseOptions(const Flags& flags) {
  if (flags.files.encoder.empty() == flags.files.head.empty()) {
    return WrongUsage("expected one of --encoder and --head");
  }
  retrain::RetrainOptions options;
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

absl::StatusOr<retrain::ServerRowOptions> MakeServerOptions(const Flags& flags) {
  retrain::ServerRowOptions options;
  ASSIGN_OR_RETURN(options.failover, ParseServerFlag(flags.server));
  options.failover.retry.retry_for = absl::Seconds(flags.retry_for);
  options.failover.on_retry = RetryPrinter("tailcast retrain");
  RETURN_IF_ERROR(ParseBundleFlag("--bundle", flags.bundle).status());
  options.bundle = flags.bundle;
  options.seed = flags.seed;
  options.num_steps = flags.num_steps;
  return options;
}

// A word that the shell would take apart gets quotes.
std::string Quoted(const std::string& word) {
  const bool plain =
      !word.empty() &&
      word.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:,=@%+-") ==
          std::string::npos;
  return plain ? word : absl::StrCat("'", absl::StrReplaceAll(word, {{"'", "'\\''"}}), "'");
}

// The command line that gives the same result; flags that have their default are left out.
std::string CommandText(const Flags& flags) {
  const Flags defaults;
  std::string text = absl::StrCat("tailcast retrain --server ", Quoted(flags.server));
  const auto add = [&](const char* name, const std::string& value,
                       const std::string& default_value) {
    if (value != default_value) absl::StrAppend(&text, " ", name, " ", Quoted(value));
  };
  const auto add_number = [&](const char* name, int64_t value, int64_t default_value) {
    if (value != default_value) absl::StrAppend(&text, " ", name, " ", value);
  };
  add("--bundle", flags.bundle, "");
  add("--features", flags.files.features, "");
  add("--validation", flags.files.validation, "");
  add("--test", flags.files.test, "");
  add("--encoder", flags.files.encoder, "");
  add("--head", flags.files.head, "");
  add("--feature-space", flags.files.feature_space, "");
  add("--plan", flags.plan, defaults.plan);
  add("--guidance-candidates", flags.guidance_candidates, defaults.guidance_candidates);
  add("--bias-shifts", flags.bias_shifts, defaults.bias_shifts);
  add("--regularizations", flags.regularizations, defaults.regularizations);
  add("--refit", flags.refit, defaults.refit);
  add("--arms", flags.arms, "");
  if (flags.num_steps) absl::StrAppend(&text, " --steps ", *flags.num_steps);
  add_number("--epochs", flags.epochs, defaults.epochs);
  add_number("--data-free-rows", flags.data_free_rows, defaults.data_free_rows);
  return absl::StrCat(text, " --seed ", flags.seed, " --output ", Quoted(flags.output));
}

// The classifier first: figures.json says that a run is whole.
absl::Status WriteResult(const Flags& flags, const retrain::RetrainResult& result) {
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
  ASSIGN_OR_RETURN(const std::string classifier, SerializeTensors(result.head.tensors(), metadata));
  RETURN_IF_ERROR(WriteFileAtomically(flags.output + "/classifier.safetensors", classifier));
  ASSIGN_OR_RETURN(const std::string text, CanonicalJson(report::ToJson(figures)));
  return WriteFileAtomically(flags.output + "/figures.json", text + "\n");
}

CommandResult Describe(const Flags& flags, const report::RunFigures& figures) {
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
                               figures.address, "\nclassifier ", flags.output,
                               "/classifier.safetensors")};
}

absl::StatusOr<CommandResult> RunRetrain(const Flags& flags, CommandContext& context) {
  ASSIGN_OR_RETURN(const retrain::RetrainOptions options, ParseOptions(flags));
  ASSIGN_OR_RETURN(retrain::ServerRowOptions server, MakeServerOptions(flags));
  at::set_num_threads(static_cast<int>(flags.threads));
  RETURN_IF_ERROR(CreateDirectories(flags.output));
  ASSIGN_OR_RETURN(const retrain::TrainerData data, retrain::ReadTrainerData(flags.files));
  RETURN_IF_ERROR(CheckStop(context));
  if (const auto plan = PlanFromRule(flags.plan, data.class_counts); !plan.ok()) {
    return WrongUsage(absl::StrCat("--plan: ", plan.status().message()));
  }
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

void AddFileFlags(CLI::App& command, Flags& flags) {
  command.add_option("--features", flags.files.features, "Training features")->required();
  command.add_option("--validation", flags.files.validation, "Validation features")->required();
  command.add_option("--test", flags.files.test, "Test features; opened once, at the end")
      ->required();
  command.add_option("--encoder", flags.files.encoder,
                     "File of 'train encoder': stage-1 head and class counts");
  command.add_option("--head", flags.files.head,
                     "Instead of --encoder: safetensors with classifier.weight, classifier.bias");
  command.add_option("--feature-space", flags.files.feature_space,
                     "Name of the feature space, for features of another encoder");
  command
      .add_option("--output", flags.output, "Folder for classifier and figures, made if need be")
      ->required();
}

void AddStreamFlags(CLI::App& command, Flags& flags, int64_t& num_steps) {
  command.add_option("--server", flags.server, "HOST:PORT, or several replicas with commas")
      ->capture_default_str();
  command.add_option("--bundle", flags.bundle, "NAME, NAME@VERSION or NAME:LABEL")->required();
  command
      .add_option("--plan", flags.plan,
                  "Rows of each class: balance-to=N, ratio=R, each=N or counts=C0,C1,...")
      ->capture_default_str();
  AddIntegerFlag(command, "--seed", flags.seed, kSeedRange, "Seed of the stream and the refits");
  AddIntegerFlag(command, "--steps", num_steps, kStepsRange, "Sampler steps")
      ->default_str("the bundle's");
  AddNumberFlag(command, "--retry-for", flags.retry_for, kSecondsRange,
                "Seconds to go on trying when the server is gone");
}

void AddRefitFlags(CLI::App& command, Flags& flags) {
  command
      .add_option("--guidance-candidates", flags.guidance_candidates,
                  "Guidance to choose from, W or HEAD:TAIL, with commas")
      ->capture_default_str();
  command.add_option("--bias-shifts", flags.bias_shifts, "Bias shifts to choose from")
      ->capture_default_str();
  command
      .add_option("--regularizations", flags.regularizations,
                  "Strengths of the pull towards stage 1's head to choose from")
      ->capture_default_str();
  command.add_option("--refit", flags.refit, "regularised, or paper for LDMLR's own recipe")
      ->capture_default_str();
  AddIntegerFlag(command, "--epochs", flags.epochs, kEpochsRange, "Epochs of --refit paper");
  AddIntegerFlag(command, "--data-free-rows", flags.data_free_rows, kDataFreeRange,
                 "Rows of each class for the data-free arm");
  command.add_option("--arms", flags.arms,
                     absl::StrCat("Arms to fit besides stage1 and ldmlr; all by default: ",
                                  absl::StrJoin(TrainerArms(), ",")));
  AddIntegerFlag(command, "--threads", flags.threads, kThreadsRange, "Threads to compute with");
}

}  // namespace

void AddRetrainCommand(CLI::App& app, CommandRunner& runner) {
  auto flags = std::make_shared<Flags>();
  CLI::App& command = *app.add_subcommand(
      "retrain", "Fit a classifier to real features and features streamed from a server");
  command.footer(kExample);
  AddFileFlags(command, *flags);
  const auto num_steps = std::make_shared<int64_t>(0);
  AddStreamFlags(command, *flags, *num_steps);
  AddRefitFlags(command, *flags);
  runner.Bind(command, [flags, num_steps, &command](CommandContext& context) {
    if (command.count("--steps") > 0) flags->num_steps = static_cast<int32_t>(*num_steps);
    return RunRetrain(*flags, context);
  });
}

}  // namespace tailcast::cli
