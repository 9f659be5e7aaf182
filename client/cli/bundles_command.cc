#include "client/cli/bundles_command.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/bundle_flag.h"
#include "client/cli/bundle_listing.h"
#include "client/cli/server_flag.h"
#include "client/cli/stop_watcher.h"
#include "client/cli/text_table.h"
#include "core/base/status_macros.h"

namespace tailcast::cli {
namespace {

constexpr char kExample[] =
    "Examples:\n"
    "  tailcast bundles --repository repository\n"
    "  tailcast bundles fashion-mnist-lt --server 127.0.0.1:50071";
constexpr size_t kShownDigestDigits = 12;

struct Flags {
  std::string name;
  std::string repository;
  std::string servers;
};

absl::StatusOr<std::vector<ListedBundle>> List(const Flags& flags, std::stop_token stop) {
  if (flags.repository.empty() == flags.servers.empty()) {
    return WrongUsage("expected either --repository DIR or --server ADDR");
  }
  if (!flags.name.empty()) RETURN_IF_ERROR(CheckNameFlag("name", flags.name));
  if (!flags.repository.empty()) return ListRepository(flags.repository, flags.name);
  ASSIGN_OR_RETURN(client::FailoverOptions server, ParseServerFlag(flags.servers));
  server.retry.retry_for = absl::ZeroDuration();
  server.stop = std::move(stop);
  return ListServer(server, flags.name);
}

// What is damaged, a line each; labels once for all versions of a bundle.
std::string Faults(const std::vector<ListedBundle>& bundles) {
  std::string text;
  std::string last_labels_fault;
  for (const ListedBundle& listed : bundles) {
    const std::string reference = ReferenceOf(listed.bundle);
    if (!listed.fault.empty()) absl::StrAppend(&text, "\n", reference, ": ", listed.fault);
    if (listed.labels_fault.empty() || listed.labels_fault == last_labels_fault) continue;
    last_labels_fault = listed.labels_fault;
    absl::StrAppend(&text, "\n", reference, " labels: ", listed.labels_fault);
  }
  return text;
}

absl::StatusOr<CommandResult> Bundles(const Flags& flags, CommandContext& context) {
  const StopWatcher watcher(context.stop_requested);
  ASSIGN_OR_RETURN(const std::vector<ListedBundle> bundles, List(flags, watcher.token()));
  RETURN_IF_ERROR(CheckStop(context));
  std::vector<std::vector<std::string>> rows = {
      {"bundle", "digest", "classes", "features", "labels", "state"}};
  CommandResult result{.json = {{"bundles", nlohmann::json::array()}}, .text = {}};
  for (const ListedBundle& listed : bundles) {
    nlohmann::json json = ToJson(listed);
    rows.push_back(
        {ReferenceOf(listed.bundle),
         json["bundle_digest"].get<std::string>().substr(0, kShownDigestDigits),
         absl::StrCat(listed.bundle.class_count()), absl::StrCat(listed.bundle.feature_dimension()),
         listed.labels_fault.empty() ? absl::StrJoin(LabelsOf(listed.bundle), ",") : "DAMAGED",
         StateOf(listed)});
    result.json["bundles"].push_back(std::move(json));
  }
  result.text = bundles.empty() ? "no bundles" : absl::StrCat(TextTable(rows), Faults(bundles));
  return result;
}

}  // namespace

void AddBundlesCommand(CLI::App& app, CommandRunner& runner) {
  auto flags = std::make_shared<Flags>();
  CLI::App& command =
      *app.add_subcommand("bundles", "List the bundles of a repository or a server");
  command.footer(kExample);
  command.add_option("name", flags->name, "Only the versions of this bundle");
  command.add_option("--repository", flags->repository, "Folder of the repository");
  AddServerFlag(command, flags->servers);
  runner.Bind(command, [flags](CommandContext& context) { return Bundles(*flags, context); });
}

}  // namespace tailcast::cli
