#include "client/cli/inspect_command.h"

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
    "  tailcast inspect fashion-mnist-lt@1 --repository repository\n"
    "  tailcast inspect fashion-mnist-lt:stable --server 127.0.0.1:50071";

struct Flags {
  std::string reference;
  std::string repository;
  std::string servers;
};

absl::StatusOr<ListedBundle> Find(const Flags& flags, std::stop_token stop) {
  if (flags.repository.empty() == flags.servers.empty()) {
    return WrongUsage("expected either --repository DIR or --server ADDR");
  }
  RETURN_IF_ERROR(ParseBundleFlag("bundle", flags.reference).status());
  if (!flags.repository.empty()) return FindInRepository(flags.repository, flags.reference);
  ASSIGN_OR_RETURN(client::FailoverOptions server, ParseServerFlag(flags.servers));
  server.retry.retry_for = absl::ZeroDuration();
  server.stop = std::move(stop);
  return FindOnServer(server, flags.reference);
}

// Members of the JSON that are one value each, as "name  value".
std::string PlainMembers(const nlohmann::json& json) {
  std::vector<std::vector<std::string>> rows = {{"bundle", json["bundle"].get<std::string>()}};
  for (const auto& [name, value] : json.items()) {
    const bool shown_apart = name == "bundle" || name == "class_names" || name == "class_counts" ||
                             name == "files" || name == "numerics";
    if (shown_apart) continue;
    rows.push_back({name, value.is_string() ? value.get<std::string>() : value.dump()});
  }
  return TextTable(rows);
}

std::string Classes(const v1::Bundle& bundle) {
  std::vector<std::vector<std::string>> rows = {{"class", "rows", "name"}};
  for (int i = 0; i < bundle.class_names_size(); ++i) {
    const int64_t count =
        i < bundle.training_image_counts_size() ? bundle.training_image_counts(i) : 0;
    rows.push_back({absl::StrCat(i), absl::StrCat(count), bundle.class_names(i)});
  }
  return TextTable(rows);
}

std::string Numerics(const v1::Bundle& bundle) {
  std::string text;
  for (const v1::Numerics& numerics : bundle.numerics()) {
    absl::StrAppend(&text, "\n\nnumerics\n  ", absl::StrJoin(numerics.facts(), "\n  "));
  }
  return text;
}

std::string Files(const nlohmann::json& json) {
  if (!json.contains("files")) return "";
  std::vector<std::vector<std::string>> rows = {{"file", "bytes", "sha256"}};
  for (const auto& [name, entry] : json["files"].items()) {
    rows.push_back({name, entry["bytes"].dump(), entry["sha256"].get<std::string>()});
  }
  return absl::StrCat("\n\n", TextTable(rows));
}

absl::StatusOr<CommandResult> Inspect(const Flags& flags, CommandContext& context) {
  const StopWatcher watcher(context.stop_requested);
  ASSIGN_OR_RETURN(const ListedBundle listed, Find(flags, watcher.token()));
  RETURN_IF_ERROR(CheckStop(context));
  CommandResult result{.json = ToJson(listed), .text = {}};
  result.text = absl::StrCat(PlainMembers(result.json), "\n\n", Classes(listed.bundle),
                             Files(result.json), Numerics(listed.bundle));
  return result;
}

}  // namespace

void AddInspectCommand(CLI::App& app, CommandRunner& runner) {
  auto flags = std::make_shared<Flags>();
  CLI::App& command = *app.add_subcommand("inspect", "Show one bundle of a repository or a server");
  command.footer(kExample);
  command.add_option("bundle", flags->reference, "NAME, NAME@VERSION or NAME:LABEL")->required();
  command.add_option("--repository", flags->repository, "Folder of the repository");
  AddServerFlag(command, flags->servers);
  runner.Bind(command, [flags](CommandContext& context) { return Inspect(*flags, context); });
}

}  // namespace tailcast::cli
