#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/list_flag.h"
#include "client/cli/number_flag.h"
#include "client/cli/train_command.h"
#include "client/cli/training_run.h"
#include "core/base/status_macros.h"
#include "core/contract/plan.h"
#include "core/data/class_names.h"
#include "core/data/feature_file.h"
#include "core/diffusion/denoisers/make_denoiser.h"
#include "core/tensor/compute_threads.h"
#include "core/training/generator_file.h"
#include "core/training/generator_trainer.h"

namespace tailcast::cli {
namespace {

constexpr char kExample[] =
    "Keeps its state in FILE.checkpoint; the same command goes on from it after an interruption.\n"
    "Examples:\n"
    "  tailcast train generator --features train.safetensors --validation validation.safetensors "
    "\\\n"
    "    --output generator.safetensors\n"
    "  tailcast train generator --features cifar.safetensors --part train \\\n"
    "    --feature-space my-resnet32 --non-negative --output generator.safetensors";
constexpr IntegerRange kStepsRange = {1, training::kMaxGeneratorSteps};
constexpr IntegerRange kBatchRange = {1, training::kMaxGeneratorBatchRows};
constexpr IntegerRange kClassesRange = {1, kMaxPlanClasses};
constexpr IntegerRange kHiddenRange = {1, diffusion::kMaxHiddenDim};
constexpr IntegerRange kBlocksRange = {1, diffusion::kMaxBlocks};
constexpr NumberRange kShareRange = {0, 1};
constexpr NumberRange kDecayRange = {0, 0.999999};
constexpr NumberRange kLearningRateRange = {1e-8, training::kMaxGeneratorRate};
constexpr NumberRange kWeightRange = {0, 1e6};

struct Flags {
  std::string features;
  std::string validation;
  std::string part;
  std::string validation_part;
  std::string feature_space;
  int64_t num_classes = 0;
  std::string class_names;
  bool non_negative = false;
  std::string objective = "denoising";
  std::string label_distribution = "train";
  std::string output;
  int64_t threads = 1;
  bool fresh = false;
  training::GeneratorTrainingOptions training;
};

data::FeatureFileOptions FileOptions(const Flags& flags) {
  data::FeatureFileOptions options{.part = flags.part,
                                   .imported_name = flags.feature_space,
                                   .num_classes = flags.num_classes,
                                   .non_negative = std::nullopt};
  if (flags.non_negative) options.non_negative = true;
  return options;
}

// Gives the classes the names that the user has for them, if any.
absl::Status RenameClasses(const Flags& flags, data::FeatureSet& rows) {
  if (flags.class_names.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<std::string> names,
                   ParseNameList("--class-names", flags.class_names));
  if (names.size() != rows.class_names.size()) {
    return WrongUsage(absl::StrCat("--class-names: ", names.size(), " names; expected ",
                                   rows.class_names.size(), ", the number of classes of '",
                                   flags.features, "' (--classes sets it)"));
  }
  rows.class_names = std::move(names);
  return absl::OkStatus();
}

absl::StatusOr<training::GeneratorData> ReadData(const Flags& flags, const data::FeatureSet& rows) {
  training::GeneratorData data{.features = rows.features,
                               .labels = rows.labels,
                               .num_classes = rows.num_classes(),
                               .validation_features = {},
                               .validation_labels = {}};
  if (flags.validation.empty()) return data;
  data::FeatureFileOptions options = FileOptions(flags);
  options.part = flags.validation_part;
  options.num_classes = rows.num_classes();
  ASSIGN_OR_RETURN(const data::FeatureSet validation,
                   data::ReadFeatureFile(flags.validation, options));
  RETURN_IF_ERROR(data::CheckSameSpace(validation.space, absl::StrCat("'", flags.validation, "'"),
                                       rows.space, absl::StrCat("'", flags.features, "'")));
  RETURN_IF_ERROR(data::CheckSameClasses(validation.class_names,
                                         absl::StrCat("'", flags.validation, "'"), rows.class_names,
                                         absl::StrCat("'", flags.features, "'")));
  data.validation_features = validation.features;
  data.validation_labels = validation.labels;
  return data;
}

std::string Describe(const training::GeneratorFile& file, const std::string& output) {
  std::string text = absl::StrCat("generator of ", file.generator->feature_dim(), " features for ",
                                  file.class_names.size(), " classes in ", output);
  for (const char* loss : {"training_loss", "validation_loss"}) {
    if (file.figures.contains(loss) && file.figures[loss].is_number()) {
      absl::StrAppendFormat(&text, "\n%s %.4f", loss, file.figures[loss].get<double>());
    }
  }
  std::vector<std::string> absent;
  for (size_t i = 0; i < file.class_counts.size(); ++i) {
    if (file.class_counts[i] == 0) absent.push_back(file.class_names[i]);
  }
  if (!absent.empty()) {
    absl::StrAppend(
        &text, "\nno training rows, so nothing can be generated of: ", data::ListNames(absent));
  }
  return text;
}

absl::StatusOr<training::GeneratorFile> Assemble(const data::FeatureSet& rows,
                                                 const training::TrainedGenerator& trained) {
  training::GeneratorFile file{.generator = nullptr,
                               .space = rows.space,
                               .class_names = rows.class_names,
                               .class_counts = rows.class_counts(),
                               .dataset = rows.dataset,
                               .figures = trained.figures};
  ASSIGN_OR_RETURN(file.generator, diffusion::Generator::Create(trained.spec, trained.tensors,
                                                                "the trained generator"));
  return file;
}

absl::StatusOr<CommandResult> TrainGenerator(const Flags& flags, CommandContext& context) {
  RETURN_IF_ERROR(
      PrepareTraining(flags.output, flags.fresh,
                      {{"--features", flags.features}, {"--validation", flags.validation}}));
  SetComputeThreads(static_cast<int>(flags.threads));
  ASSIGN_OR_RETURN(data::FeatureSet rows,
                   data::ReadFeatureFile(flags.features, FileOptions(flags)));
  RETURN_IF_ERROR(CheckStop(context));
  ASSIGN_OR_RETURN(const training::GeneratorData data, ReadData(flags, rows));
  RETURN_IF_ERROR(RenameClasses(flags, rows));
  RETURN_IF_ERROR(CheckStop(context));
  training::GeneratorTrainingOptions options = flags.training;
  ASSIGN_OR_RETURN(options.objective.objective, diffusion::ObjectiveFromName(flags.objective));
  options.objective.cbdm.uniform_targets = flags.label_distribution == "uniform";
  options.non_negative = rows.space.non_negative;
  const absl::StatusOr<training::TrainedGenerator> trained =
      training::TrainGenerator(data, options, CheckpointPath(flags.output), context.progress);
  if (!trained.ok()) return ExplainCheckpoint(trained.status(), flags.output);
  ASSIGN_OR_RETURN(const training::GeneratorFile file, Assemble(rows, *trained));
  RETURN_IF_ERROR(training::WriteGeneratorFile(flags.output, file));
  RETURN_IF_ERROR(RemoveCheckpoint(flags.output));
  return CommandResult{.json = {{"output", flags.output},
                                {"rows", rows.size()},
                                {"feature_dim", rows.feature_dim()},
                                {"class_names", file.class_names},
                                {"class_counts", file.class_counts},
                                {"feature_space_digest", ToHex(file.space.digest())},
                                {"figures", file.figures}},
                       .text = Describe(file, flags.output)};
}

void AddDataFlags(CLI::App& command, Flags& flags) {
  command.add_option("--features", flags.features, "Labelled features, a safetensors file")
      ->required();
  command.add_option("--part", flags.part,
                     "Takes PART.features and PART.labels of the file, such as train");
  command.add_option("--validation", flags.validation,
                     "Features of the same space for the validation loss");
  command.add_option("--validation-part", flags.validation_part, "As --part, of that file");
  command.add_option("--feature-space", flags.feature_space,
                     "Your name of the space of features that no encoder of ours made");
  command.add_flag("--non-negative", flags.non_negative,
                   "The features are never below 0, if the file does not say so");
  AddIntegerFlag(command, "--classes", flags.num_classes, kClassesRange,
                 "Number of classes; default: class names of the file, else the largest label + 1")
      ->default_str("");
  command.add_option("--class-names", flags.class_names, "Names by class index, such as cat,dog");
}

void AddObjectiveFlags(CLI::App& command, Flags& flags) {
  diffusion::ObjectiveSpec& objective = flags.training.objective;
  command.add_option("--objective", flags.objective, "denoising, cbdm or diffrop")
      ->check(CLI::IsMember({"denoising", "cbdm", "diffrop"}))
      ->capture_default_str();
  AddNumberFlag(command, "--tau", objective.cbdm.tau, kWeightRange,
                "CBDM: strength at the last timestep");
  AddNumberFlag(command, "--commitment-weight", objective.cbdm.commitment_weight, kWeightRange,
                "CBDM: weight of the commitment term");
  command
      .add_option("--label-distribution", flags.label_distribution,
                  "CBDM: draws the other label from train (class frequencies) or uniform")
      ->check(CLI::IsMember({"train", "uniform"}))
      ->capture_default_str();
  AddNumberFlag(command, "--diffrop-weight", objective.diffrop.lambda, kWeightRange,
                "DiffROP: strength");
  AddNumberFlag(command, "--diffrop-margin", objective.diffrop.margin, kWeightRange,
                "DiffROP: distance of noise from which on classes count as apart");
}

void AddTrainingFlags(CLI::App& command, Flags& flags) {
  training::GeneratorTrainingOptions& training = flags.training;
  AddIntegerFlag(command, "--steps", training.steps, kStepsRange, "Training steps");
  AddIntegerFlag(command, "--batch-size", training.batch_rows, kBatchRange, "Rows of a step");
  AddNumberFlag(command, "--learning-rate", training.learning_rate, kLearningRateRange,
                "Peak of the schedule");
  AddNumberFlag(command, "--balance", training.balance, kShareRange,
                "Draws class c with n_c^(1 - X): 0 rows as they come, 1 all classes alike");
  AddNumberFlag(command, "--label-dropout", training.label_dropout, kShareRange,
                "Share of rows trained without their class, for guidance");
  AddNumberFlag(command, "--ema-decay", training.ema_decay, kDecayRange,
                "Weight of the past in the averaged weights");
  AddIntegerFlag(command, "--hidden-dim", training.denoiser.hidden_dim, kHiddenRange,
                 "Width of the network");
  AddIntegerFlag(command, "--blocks", training.denoiser.num_blocks, kBlocksRange,
                 "Residual blocks of the network");
  AddIntegerFlag(command, "--seed", training.seed, kSeedRange, "Of weights, rows and noise");
  AddIntegerFlag(command, "--threads", flags.threads, kThreadsRange,
                 "Processors to use; more than 1 pays for wide networks only. The last bits of "
                 "the weights depend on it");
}

}  // namespace

void AddTrainGeneratorCommand(CLI::App& train, CommandRunner& runner) {
  auto flags = std::make_shared<Flags>();
  CLI::App& command =
      *train.add_subcommand("generator", "Train a diffusion model on labelled features");
  command.footer(kExample);
  AddDataFlags(command, *flags);
  command.add_option("--output", flags->output, "The generator, a safetensors file")->required();
  AddObjectiveFlags(command, *flags);
  AddTrainingFlags(command, *flags);
  command.add_flag("--fresh", flags->fresh, "Start anew even if there is a checkpoint");
  runner.Bind(command,
              [flags](CommandContext& context) { return TrainGenerator(*flags, context); });
}

}  // namespace tailcast::cli
