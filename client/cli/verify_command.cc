#include "client/cli/verify_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/bundle_flag.h"
#include "client/cli/text_table.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/bundle/bundle.h"
#include "core/bundle/inventory.h"
#include "core/bundle/records.h"
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

// A version's folder to look into and what to call it.
struct Target {
  std::string title;
  std::string folder;
};

// What one run looks at.
struct Targets {
  std::vector<Target> versions;
  // Bundles whose labels are checked too.
  std::vector<bundle::BundleEntry> labelled;
  // Bundles whose folders cannot be listed.
  std::vector<bundle::BundleEntry> closed;
};

std::string TitleOf(const std::string& name, int64_t version) {
  return absl::StrCat(name, "@", version);
}

bool HasLabelsFile(const bundle::BundleEntry& entry) {
  return PathExists(absl::StrCat(entry.folder, "/", bundle::kLabelsFile));
}

Targets WholeRepository(std::vector<bundle::BundleEntry> entries) {
  Targets targets;
  for (bundle::BundleEntry& entry : entries) {
    for (const bundle::VersionEntry& version : entry.versions) {
      targets.versions.push_back({TitleOf(entry.name, version.version), version.folder});
    }
    if (!entry.fault.ok()) {
      targets.closed.push_back(std::move(entry));
    } else if (HasLabelsFile(entry)) {
      targets.labelled.push_back(std::move(entry));
    }
  }
  return targets;
}

// A version by its number, or the highest one, is found however damaged it is.
absl::StatusOr<Target> FindVersion(const bundle::Repository& repository,
                                   const BundleReference& reference) {
  const absl::StatusOr<bundle::BundleEntry> entry =
      bundle::TakeInventoryOf(repository, reference.name);
  if (entry.ok() && !reference.label.has_value()) {
    for (auto version = entry->versions.rbegin(); version != entry->versions.rend(); ++version) {
      if (reference.version.value_or(version->version) != version->version) continue;
      return Target{TitleOf(entry->name, version->version), version->folder};
    }
  }
  ASSIGN_OR_RETURN(const bundle::VersionInfo version, repository.Find(reference));
  return Target{TitleOf(version.name, version.version), version.folder};
}

absl::StatusOr<Targets> FindTargets(const Flags& flags) {
  if (flags.repository.empty()) {
    if (!flags.bundle.empty()) {
      RETURN_IF_ERROR(ListDirectory(flags.bundle).status());
      return Targets{.versions = {{flags.bundle, flags.bundle}}, .labelled = {}, .closed = {}};
    }
    return WrongUsage("expected a bundle's folder, or --repository DIR");
  }
  BundleReference reference;
  if (!flags.bundle.empty()) {
    ASSIGN_OR_RETURN(reference, ParseBundleFlag("bundle", flags.bundle));
  }
  ASSIGN_OR_RETURN(const bundle::Repository repository, bundle::Repository::Open(flags.repository));
  if (flags.bundle.empty()) {
    ASSIGN_OR_RETURN(std::vector<bundle::BundleEntry> entries, bundle::TakeInventory(repository));
    return WholeRepository(std::move(entries));
  }
  ASSIGN_OR_RETURN(Target target, FindVersion(repository, reference));
  return Targets{.versions = {std::move(target)}, .labelled = {}, .closed = {}};
}

// labels.json can be read and names versions that there are.
bundle::FileCheck CheckLabels(const bundle::BundleEntry& entry) {
  bundle::FileCheck check = {.file = bundle::kLabelsFile};
  if (!entry.labels.ok()) {
    check.fault = std::string(entry.labels.status().message());
    return check;
  }
  for (const bundle::LabelInfo& label : *entry.labels) {
    const auto is_meant = [&](const bundle::VersionEntry& version) {
      return version.version == label.version;
    };
    if (std::any_of(entry.versions.begin(), entry.versions.end(), is_meant)) continue;
    check.fault = absl::StrCat("label '", label.label, "' is version ", label.version,
                               ", which is not there");
    return check;
  }
  check.ok = true;
  return check;
}

// Where every file is sound, the networks in them must still be what the manifest says: the
// encoder's fingerprint, for one, is that of the feature space.
absl::Status CheckNetworks(const std::string& folder,
                           const std::function<absl::Status()>& before_file,
                           std::vector<bundle::FileCheck>& checks) {
  const auto is_ok = [](const bundle::FileCheck& check) { return check.ok; };
  if (!std::all_of(checks.begin(), checks.end(), is_ok)) return absl::OkStatus();
  const absl::Status read = bundle::ReadBundle(folder, before_file).status();
  if (read.ok() || absl::IsCancelled(read) || absl::IsResourceExhausted(read)) return read;
  for (bundle::FileCheck& check : checks) {
    if (check.file != bundle::kManifestFile) continue;
    check.ok = false;
    check.fault = std::string(read.message());
  }
  return absl::OkStatus();
}

// Looks at one file after the other and keeps what it found.
class Verification {
 public:
  explicit Verification(CommandContext& context) : context_(context) {}

  absl::Status Check(const Targets& targets);
  CommandResult Result() const;

 private:
  absl::Status CheckVersion(const Target& target);
  nlohmann::json Note(const std::string& title, const bundle::FileCheck& check);
  // Of a folder that cannot be listed.
  void NoteClosed(const std::string& title, const std::string& folder, const absl::Status& fault);

  CommandContext& context_;
  std::vector<std::vector<std::string>> rows_ = {{"bundle", "file", "state"}};
  nlohmann::json bundles_ = nlohmann::json::array();
  nlohmann::json labels_ = nlohmann::json::array();
  int64_t faults_ = 0;
  int64_t files_done_ = 0;  // of those that the folders hold
};

nlohmann::json Verification::Note(const std::string& title, const bundle::FileCheck& check) {
  if (!check.ok) ++faults_;
  rows_.push_back({title, check.file, check.ok ? "ok" : absl::StrCat("DAMAGED: ", check.fault)});
  return {{"file", check.file}, {"ok", check.ok}, {"fault", check.fault}};
}

void Verification::NoteClosed(const std::string& title, const std::string& folder,
                              const absl::Status& fault) {
  const bundle::FileCheck check = {.file = ".", .fault = std::string(fault.message())};
  bundles_.push_back({{"bundle", title},
                      {"folder", folder},
                      {"files", nlohmann::json::array({Note(title, check)})}});
}

absl::Status Verification::CheckVersion(const Target& target) {
  const absl::StatusOr<std::vector<std::string>> entries = ListDirectory(target.folder);
  if (!entries.ok()) {
    NoteClosed(target.title, target.folder, entries.status());
    return absl::OkStatus();
  }
  const int64_t end = files_done_ + static_cast<int64_t>(entries->size());
  const auto before_file = [&] {
    // A file that is missing is not one of `entries`.
    files_done_ = std::min(files_done_ + 1, end);
    context_.progress.Advance(files_done_, {});
    return CheckStop(context_);
  };
  ASSIGN_OR_RETURN(std::vector<bundle::FileCheck> checks,
                   bundle::VerifyBundle(target.folder, before_file));
  RETURN_IF_ERROR(CheckNetworks(target.folder, before_file, checks));
  files_done_ = end;
  context_.progress.Advance(files_done_, {});
  nlohmann::json files = nlohmann::json::array();
  for (const bundle::FileCheck& check : checks) files.push_back(Note(target.title, check));
  bundles_.push_back({{"bundle", target.title}, {"folder", target.folder}, {"files", files}});
  return absl::OkStatus();
}

absl::Status Verification::Check(const Targets& targets) {
  auto total = static_cast<int64_t>(targets.labelled.size());
  for (const Target& target : targets.versions) {
    const absl::StatusOr<std::vector<std::string>> entries = ListDirectory(target.folder);
    if (entries.ok()) total += static_cast<int64_t>(entries->size());
  }
  context_.progress.Begin("verify", "files", 0, total);
  for (const Target& target : targets.versions) {
    RETURN_IF_ERROR(CheckStop(context_));
    RETURN_IF_ERROR(CheckVersion(target));
  }
  for (const bundle::BundleEntry& entry : targets.labelled) {
    nlohmann::json labels = Note(entry.name, CheckLabels(entry));
    labels["bundle"] = entry.name;
    labels_.push_back(std::move(labels));
    context_.progress.Advance(++files_done_, {});
  }
  for (const bundle::BundleEntry& entry : targets.closed) {
    NoteClosed(entry.name, entry.folder, entry.fault);
  }
  context_.progress.End();
  return CheckStop(context_);
}

CommandResult Verification::Result() const {
  return {.json = {{"ok", faults_ == 0},
                   {"faults", faults_},
                   {"bundles", bundles_},
                   {"labels", labels_}},
          .text = absl::StrCat(TextTable(rows_), "\n", rows_.size() - 1, " files in ",
                               bundles_.size(), " bundle(s), ", faults_, " damaged"),
          .exit_code = faults_ == 0 ? kExitDone : kExitFailed};
}

absl::StatusOr<CommandResult> Verify(const Flags& flags, CommandContext& context) {
  ASSIGN_OR_RETURN(const Targets targets, FindTargets(flags));
  Verification verification(context);
  RETURN_IF_ERROR(verification.Check(targets));
  return verification.Result();
}

}  // namespace

void AddVerifyCommand(CLI::App& app, CommandRunner& runner) {
  auto flags = std::make_shared<Flags>();
  CLI::App& command = *app.add_subcommand("verify", "Recompute every digest of a bundle");
  command.footer(kExample);
  command.add_option("bundle", flags->bundle,
                     "NAME, NAME@VERSION or NAME:LABEL of the repository (all its bundles and "
                     "labels if left out); without --repository a bundle's folder");
  command.add_option("--repository", flags->repository, "Folder of the repository");
  runner.Bind(command, [flags](CommandContext& context) { return Verify(*flags, context); });
}

}  // namespace tailcast::cli
