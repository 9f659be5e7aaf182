#include "client/cli/verify_command.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/text_table.h"
#include "core/base/status_macros.h"
#include "core/bundle/bundle.h"
#include "core/bundle/repository.h"

namespace tailcast::cli {
namespace {

constexpr char kExample[] =
    "Exit code 1 if any file is damaged, missing or too many.\n"
    "Examples:\n"
    "  tailcast verify fashion-mnist-lt@1 --repository repository\n"
    "  tailcast verify --repository repository\n"
    "  tailcast verify repository/fashion-mnist-lt/1";

struct Flags {
  std::string bundle;
  std::string repository;
};

// A folder to look into and what to call it.
struct Target {
  std::string title;
  std::string folder;
};

absl::StatusOr<std::vector<Target>> FindTargets(const Flags& flags) {
  if (flags.repository.empty()) {
    if (!flags.bundle.empty()) return std::vector<Target>{{flags.bundle, flags.bundle}};
    return WrongUsage("expected a bundle's folder, or --repository DIR");
  }
  ASSIGN_OR_RETURN(const bundle::Repository repository, bundle::Repository::Open(flags.repository));
  std::vector<bundle::VersionInfo> versions;
  if (flags.bundle.empty()) {
    ASSIGN_OR_RETURN(versions, repository.List());
  } else {
    ASSIGN_OR_RETURN(const bundle::BundleReference reference, bundle::ParseReference(flags.bundle));
    ASSIGN_OR_RETURN(versions.emplace_back(), repository.Find(reference));
  }
  std::vector<Target> targets;
  for (const bundle::VersionInfo& version : versions) {
    targets.push_back({absl::StrCat(version.name, "@", version.version), version.folder});
  }
  return targets;
}

absl::StatusOr<CommandResult> Verify(const Flags& flags, const CommandContext& context) {
  ASSIGN_OR_RETURN(const std::vector<Target> targets, FindTargets(flags));
  std::vector<std::vector<std::string>> rows = {{"bundle", "file", "state"}};
  nlohmann::json bundles = nlohmann::json::array();
  int64_t faults = 0;
  for (const Target& target : targets) {
    if (context.stop_requested()) return absl::CancelledError("interrupted");
    ASSIGN_OR_RETURN(const std::vector<bundle::FileCheck> checks,
                     bundle::VerifyBundle(target.folder));
    nlohmann::json files = nlohmann::json::array();
    for (const bundle::FileCheck& check : checks) {
      if (!check.ok) ++faults;
      files.push_back({{"file", check.file}, {"ok", check.ok}, {"fault", check.fault}});
      rows.push_back(
          {target.title, check.file, check.ok ? "ok" : absl::StrCat("DAMAGED: ", check.fault)});
    }
    bundles.push_back({{"bundle", target.title}, {"folder", target.folder}, {"files", files}});
  }
  return CommandResult{.json = {{"ok", faults == 0}, {"faults", faults}, {"bundles", bundles}},
                       .text = absl::StrCat(TextTable(rows), "\n", rows.size() - 1, " files in ",
                                            targets.size(), " bundle(s), ", faults, " damaged"),
                       .exit_code = faults == 0 ? kExitDone : kExitFailed};
}

}  // namespace

void AddVerifyCommand(CLI::App& app, CommandRunner& runner) {
  auto flags = std::make_shared<Flags>();
  CLI::App& command = *app.add_subcommand("verify", "Recompute every digest of a bundle");
  command.footer(kExample);
  command.add_option("bundle", flags->bundle,
                     "NAME, NAME@VERSION or NAME:LABEL of the repository (all its bundles if left "
                     "out); without --repository a bundle's folder");
  command.add_option("--repository", flags->repository, "Folder of the repository");
  runner.Bind(command, [flags](CommandContext& context) { return Verify(*flags, context); });
}

}  // namespace tailcast::cli
