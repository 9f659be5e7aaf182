#include "client/cli/retrain_flags.h"

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/cli/number_flag.h"
#include "client/cli/report/arm_names.h"
#include "client/cli/server_flag.h"
#include "core/contract/sampler_spec.h"

namespace tailcast::cli {
namespace {

constexpr IntegerRange kStepsRange = {1, kMaxSamplerSteps};
constexpr IntegerRange kDataFreeRange = {1, 1000000};
constexpr IntegerRange kEpochsRange = {1, 100000};
constexpr NumberRange kSecondsRange = {0, 86400};
constexpr size_t kTrainerArms = 6;  // of kArmTexts; the others are other generators

// A word that the shell would take apart gets quotes.
std::string Quoted(const std::string& word) {
  const bool plain =
      !word.empty() &&
      word.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:,=@%+-") ==
          std::string::npos;
  return plain ? word : absl::StrCat("'", absl::StrReplaceAll(word, {{"'", "'\\''"}}), "'");
}

void AddFileFlags(CLI::App& command, RetrainFlags& flags) {
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

void AddStreamFlags(CLI::App& command, RetrainFlags& flags) {
  command.add_option("--server", flags.server, "HOST:PORT, or several replicas with commas")
      ->capture_default_str();
  command.add_option("--bundle", flags.bundle, "NAME, NAME@VERSION or NAME:LABEL")->required();
  command
      .add_option("--plan", flags.plan,
                  "Rows of each class: balance-to=N, ratio=R, each=N or counts=C0,C1,...")
      ->capture_default_str();
  AddIntegerFlag(command, "--seed", flags.seed, kSeedRange, "Seed of the stream and the refits");
  AddIntegerFlag(command, "--steps", flags.num_steps, kStepsRange, "Sampler steps")
      ->default_str("the bundle's");
  AddNumberFlag(command, "--retry-for", flags.retry_for, kSecondsRange,
                "Seconds to go on trying when the server is gone");
}

void AddRefitFlags(CLI::App& command, RetrainFlags& flags) {
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
                                  absl::StrJoin(RetrainArms(), ",")));
  AddIntegerFlag(command, "--threads", flags.threads, kThreadsRange, "Threads to compute with");
}

}  // namespace

std::vector<std::string> RetrainArms() {
  std::vector<std::string> names;
  for (size_t i = 0; i < kTrainerArms; ++i) names.push_back(report::kArmTexts[i].name);
  return names;
}

void AddRetrainFlags(CLI::App& command, RetrainFlags& flags) {
  AddFileFlags(command, flags);
  AddStreamFlags(command, flags);
  AddRefitFlags(command, flags);
}

std::string CommandText(const RetrainFlags& flags) {
  const RetrainFlags defaults;
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
  add_number("--steps", flags.num_steps, defaults.num_steps);
  add_number("--epochs", flags.epochs, defaults.epochs);
  add_number("--data-free-rows", flags.data_free_rows, defaults.data_free_rows);
  add_number("--threads", flags.threads, defaults.threads);
  return absl::StrCat(text, " --seed ", flags.seed, " --output ", Quoted(flags.output));
}

}  // namespace tailcast::cli
