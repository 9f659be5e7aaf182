#include "client/cli/label_command.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "client/cli/bundle_flag.h"
#include "core/base/status_macros.h"
#include "core/bundle/repository.h"

namespace tailcast::cli {
namespace {

constexpr char kExample[] =
    "Servers follow within seconds; runs that are under way keep their version.\n"
    "Example:\n"
    "  tailcast label fashion-mnist-lt@2 stable --repository repository";

struct Flags {
  std::string bundle;
  std::string label;
  std::string repository;
};

// The version that the label names now, if any.
absl::StatusOr<std::optional<int64_t>> CurrentVersion(const bundle::Repository& repository,
                                                      const std::string& name,
                                                      const std::string& label) {
  ASSIGN_OR_RETURN(const std::vector<bundle::LabelInfo> labels, repository.Labels(name));
  for (const bundle::LabelInfo& info : labels) {
    if (info.label == label) return info.version;
  }
  return std::nullopt;
}

absl::StatusOr<CommandResult> Label(const Flags& flags, const CommandContext& context) {
  ASSIGN_OR_RETURN(const BundleReference reference, ParseBundleFlag("bundle", flags.bundle));
  RETURN_IF_ERROR(CheckNameFlag("label", flags.label));
  if (!reference.version.has_value()) {
    return WrongUsage(absl::StrCat("'", flags.bundle, "' is no version; expected NAME@VERSION"));
  }
  ASSIGN_OR_RETURN(const bundle::Repository repository, bundle::Repository::Open(flags.repository));
  ASSIGN_OR_RETURN(const std::optional<int64_t> before,
                   CurrentVersion(repository, reference.name, flags.label));
  RETURN_IF_ERROR(CheckStop(context));
  RETURN_IF_ERROR(repository.SetLabel(reference.name, *reference.version, flags.label,
                                      [&context] { return CheckStop(context); }));
  CommandResult result{
      .json = {{"name", reference.name},
               {"label", flags.label},
               {"version", *reference.version},
               {"previous_version", nullptr}},
      .text = absl::StrCat(reference.name, ":", flags.label, " is version ", *reference.version)};
  if (before.has_value()) {
    result.json["previous_version"] = *before;
    absl::StrAppend(&result.text, " (was ", *before, ")");
  }
  return result;
}

}  // namespace

void AddLabelCommand(CLI::App& app, CommandRunner& runner) {
  auto flags = std::make_shared<Flags>();
  CLI::App& command = *app.add_subcommand("label", "Point a label at a version of a bundle");
  command.footer(kExample);
  command.add_option("bundle", flags->bundle, "NAME@VERSION")->required();
  command.add_option("label", flags->label, "The label, such as stable")->required();
  command.add_option("--repository", flags->repository, "Folder of the repository")->required();
  runner.Bind(command, [flags](CommandContext& context) { return Label(*flags, context); });
}

}  // namespace tailcast::cli
