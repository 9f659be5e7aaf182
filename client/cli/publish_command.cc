#include "client/cli/publish_command.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/bundle_flag.h"
#include "client/cli/number_flag.h"
#include "client/cli/phases.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/status_macros.h"
#include "core/bundle/assemble.h"
#include "core/bundle/repository.h"
#include "core/classifiers/linear_head.h"
#include "core/data/class_names.h"
#include "core/data/feature_file.h"
#include "core/training/encoder_file.h"
#include "core/training/generator_file.h"

namespace tailcast::cli {
namespace {

constexpr char kExample[] =
    "The same content again gives the version that exists.\n"
    "Example:\n"
    "  tailcast publish --repository repository --name fashion-mnist-lt \\\n"
    "    --generator generator.safetensors --encoder encoder.safetensors --steps 16 --guidance 0";
constexpr IntegerRange kStepsRange = {1, kMaxSamplerSteps};
constexpr int64_t kMaxFiguresBytes = 16 << 20;

struct Flags {
  std::string repository;
  std::string name;
  std::string generator;
  std::string encoder;
  std::string head;
  int64_t steps = 16;
  std::string guidance = "0";
  std::string figures;
};

// Encoder and stage-1 classifier. INVALID_ARGUMENT if they are not those of the generator.
absl::Status AddEncoder(const Flags& flags, bundle::BundleParts& parts) {
  ASSIGN_OR_RETURN(const training::EncoderFile file, training::ReadEncoderFile(flags.encoder));
  RETURN_IF_ERROR(data::CheckSameSpace(file.space(), absl::StrCat("encoder '", flags.encoder, "'"),
                                       parts.feature_space,
                                       absl::StrCat("generator '", flags.generator, "'")));
  RETURN_IF_ERROR(
      data::CheckSameClasses(file.class_names, absl::StrCat("encoder '", flags.encoder, "'"),
                             parts.class_names, absl::StrCat("generator '", flags.generator, "'")));
  parts.encoder = file.encoder;
  parts.classifier = file.head;
  return absl::OkStatus();
}

// Adds the members of a JSON file to the generator's own figures.
absl::Status AddFigures(const std::string& path, nlohmann::json& figures) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxFiguresBytes));
  ASSIGN_OR_RETURN(const nlohmann::json more, ParseJson(text, path));
  if (!more.is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", path, "': holds a JSON ", more.type_name(), "; expected an object"));
  }
  figures.update(more);
  return absl::OkStatus();
}

absl::Status SetSampler(const Flags& flags, bundle::BundleParts& parts) {
  const absl::StatusOr<std::vector<double>> guidance =
      ParseGuidance(flags.guidance, parts.class_counts);
  if (!guidance.ok()) return WrongUsage(absl::StrCat("--guidance: ", guidance.status().message()));
  parts.default_sampler.num_steps = static_cast<int32_t>(flags.steps);
  parts.default_sampler.guidance_weights = *guidance;
  const absl::Status valid = ValidateSamplerSpec(
      parts.default_sampler, static_cast<int32_t>(parts.generator->num_classes()),
      static_cast<int32_t>(parts.generator->schedule().num_timesteps()));
  return valid.ok() ? valid : WrongUsage(valid.message());
}

absl::StatusOr<bundle::BundleParts> ReadParts(const Flags& flags) {
  ASSIGN_OR_RETURN(const training::GeneratorFile file,
                   training::ReadGeneratorFile(flags.generator));
  bundle::BundleParts parts;
  parts.generator = file.generator;
  parts.feature_space = file.space;
  parts.class_names = file.class_names;
  parts.class_counts = file.class_counts;
  parts.figures = file.figures;
  if (!flags.encoder.empty()) RETURN_IF_ERROR(AddEncoder(flags, parts));
  if (!flags.head.empty()) {
    ASSIGN_OR_RETURN(parts.classifier,
                     classifiers::LinearHead::Read(flags.head, parts.generator->num_classes(),
                                                   parts.feature_space.dimension));
  }
  if (!flags.figures.empty()) RETURN_IF_ERROR(AddFigures(flags.figures, parts.figures));
  RETURN_IF_ERROR(SetSampler(flags, parts));
  return parts;
}

absl::StatusOr<CommandResult> Publish(const Flags& flags, CommandContext& context) {
  RETURN_IF_ERROR(CheckNameFlag("--name", flags.name));
  if (!flags.encoder.empty() && !flags.head.empty()) {
    return WrongUsage("expected --encoder, which has a classifier of its own, or --head, not both");
  }
  Phases phases(context, 3);
  RETURN_IF_ERROR(phases.Begin("read files"));
  ASSIGN_OR_RETURN(const bundle::BundleParts parts, ReadParts(flags));
  RETURN_IF_ERROR(phases.Begin("assemble bundle"));
  ASSIGN_OR_RETURN(const bundle::BundleContents contents, bundle::AssembleBundle(parts));
  RETURN_IF_ERROR(phases.Begin("write version"));
  ASSIGN_OR_RETURN(const bundle::Repository repository,
                   bundle::Repository::OpenOrCreate(flags.repository));
  ASSIGN_OR_RETURN(const bundle::PublishResult result,
                   repository.Publish(flags.name, contents, absl::Now(),
                                      [&context] { return CheckStop(context); }));
  phases.End();
  const bundle::VersionInfo& version = result.version;
  return CommandResult{
      .json = {{"name", version.name},
               {"version", version.version},
               {"digest", ToHex(version.digest)},
               {"existed", result.existed},
               {"folder", version.folder},
               {"feature_space_digest", ToHex(parts.feature_space.digest())}},
      .text = absl::StrCat(result.existed ? "the same content exists: " : "published ",
                           version.name, "@", version.version, "\ndigest ", ToHex(version.digest),
                           "\nfolder ", version.folder)};
}

}  // namespace

void AddPublishCommand(CLI::App& app, CommandRunner& runner) {
  auto flags = std::make_shared<Flags>();
  CLI::App& command =
      *app.add_subcommand("publish", "Publish a generator as the next version of a bundle");
  command.footer(kExample);
  command
      .add_option("--repository", flags->repository, "Folder of the repository, made if need be")
      ->required();
  command.add_option("--name", flags->name, "Name of the bundle: [a-z0-9][a-z0-9._-]{0,62}")
      ->required();
  command.add_option("--generator", flags->generator, "File of 'train generator'")->required();
  command.add_option("--encoder", flags->encoder,
                     "File of 'train encoder': adds encoder and stage-1 classifier");
  command.add_option("--head", flags->head,
                     "Without --encoder: stage-1 classifier, safetensors with classifier.weight "
                     "[K, D] and classifier.bias [K]");
  AddIntegerFlag(command, "--steps", flags->steps, kStepsRange, "Default number of sampler steps");
  command
      .add_option("--guidance", flags->guidance,
                  "Default guidance: W, or HEAD:TAIL from the most frequent to the rarest class")
      ->capture_default_str();
  command.add_option("--figures", flags->figures,
                     "JSON object with what is known of the bundle, kept in its manifest");
  runner.Bind(command, [flags](CommandContext& context) { return Publish(*flags, context); });
}

}  // namespace tailcast::cli
