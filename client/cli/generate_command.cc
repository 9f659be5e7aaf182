#include "client/cli/generate_command.h"

#include <CLI/CLI.hpp>
#include <limits>
#include <memory>
#include <optional>
#include <stop_token>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/cli/bundle_flag.h"
#include "client/cli/generate/generate_rows.h"
#include "client/cli/generate/local_row_source.h"
#include "client/cli/generate/output_layout.h"
#include "client/cli/generate/remote_row_source.h"
#include "client/cli/list_flag.h"
#include "client/cli/number_flag.h"
#include "client/cli/output_file.h"
#include "client/cli/phases.h"
#include "client/cli/server_flag.h"
#include "client/cli/stop_watcher.h"
#include "core/base/cpu_count.h"
#include "core/base/status_macros.h"
#include "core/contract/address.h"
#include "core/contract/balance_rule.h"
#include "core/contract/plan.h"
#include "core/contract/sampler_spec.h"
#include "proto/convert/resource_names.h"

namespace tailcast::cli {
namespace {

constexpr char kExample[] =
    "Rows arrive in FILE.partial; the same command goes on from it after an interruption.\n"
    "Examples:\n"
    "  tailcast generate --server 127.0.0.1:50071 --bundle fashion-mnist-lt:stable \\\n"
    "    --class 7 --class 9 --count 1000 --output tail.safetensors\n"
    "  tailcast generate --local --repository repository --bundle fashion-mnist-lt@1 \\\n"
    "    --plan balance-to=5900 --guidance -0.1:-0.5 --output fill.npy";
constexpr IntegerRange kRowRange = {0, INT64_MAX};
constexpr IntegerRange kRowCountRange = {1, INT64_MAX};
constexpr IntegerRange kClassRowsRange = {1, kMaxPeriod};
constexpr IntegerRange kStepsRange = {1, kMaxSamplerSteps};
constexpr NumberRange kEtaRange = {0, 1};
constexpr NumberRange kSecondsRange = {0, 86400 * 365};
constexpr int64_t kMaxClassIndex = (int64_t{1} << 24) - 1;

struct Flags {
  std::string servers;
  bool local = false;
  std::string repository;
  generate::StreamChoice choice;
  std::vector<std::string> classes;
  generate::RowRangeChoice range;
  int64_t row_count = 0, num_steps = 0, threads = 0;
  double eta = 0, retry_for = 60;
  std::string data_type = "f32", expected_address, output;
  bool dry_run = false, fresh = false;
};

absl::Status CheckUsage(const Flags& flags) {
  if (flags.local == !flags.servers.empty()) {
    return WrongUsage("expected either --server ADDR or --local --repository DIR");
  }
  if (flags.local == flags.repository.empty()) {
    return WrongUsage("--local and --repository DIR belong together");
  }
  if (flags.classes.empty() == flags.choice.plan_rule.empty()) {
    return WrongUsage("expected either --class C (repeatable) with --count N, or --plan RULE");
  }
  if (flags.classes.empty() != (flags.choice.rows_per_class == 0)) {
    return WrongUsage("--class C and --count N belong together");
  }
  if (flags.output.empty() && !flags.dry_run) {
    return WrongUsage("--output FILE is required (or --dry-run)");
  }
  if (flags.output.empty()) return absl::OkStatus();
  const absl::StatusOr<std::vector<std::string>> paths = generate::OutputPaths(flags.output);
  if (!paths.ok()) return WrongUsage(paths.status().message());
  if (flags.dry_run) return absl::OkStatus();
  for (const std::string& path : *paths) {
    RETURN_IF_ERROR(CheckOutputPath(path, {{"--repository", flags.repository}}));
  }
  return absl::OkStatus();
}

absl::StatusOr<WireType> ParseDataType(const std::string& text) {
  for (const WireType type : {WireType::kFloat32, WireType::kFloat16, WireType::kBfloat16}) {
    if (text == generate::WireTypeName(type)) return type;
  }
  return WrongUsage(absl::StrCat("--data-type '", text, "'; expected f32, f16 or bf16"));
}

absl::StatusOr<generate::StreamChoice> ChoiceOf(const Flags& flags) {
  generate::StreamChoice choice = flags.choice;
  RETURN_IF_ERROR(ParseBundleFlag("--bundle", choice.bundle).status());
  if (flags.classes.empty()) {
    if (const absl::Status rule = CheckBalanceRule(choice.plan_rule); !rule.ok()) {
      return WrongUsage(absl::StrCat("--plan: ", rule.message()));
    }
  }
  for (const std::string& text : flags.classes) {
    ASSIGN_OR_RETURN(const std::vector<int64_t> indices, ParseIntegerList("--class", text));
    for (const int64_t index : indices) {
      if (index > kMaxClassIndex) {
        return WrongUsage(
            absl::StrCat("--class: '", index, "'; expected at most ", kMaxClassIndex));
      }
      choice.classes.push_back(static_cast<int32_t>(index));
    }
  }
  // Numbers and ranges do not depend on the bundle.
  const std::vector<int64_t> any_counts = {1, 1};
  if (!choice.guidance.empty()) {
    const auto guidance = ParseGuidance(choice.guidance, any_counts);
    if (!guidance.ok()) {
      return WrongUsage(absl::StrCat("--guidance: ", guidance.status().message()));
    }
  }
  ASSIGN_OR_RETURN(choice.wire_type, ParseDataType(flags.data_type));
  return choice;
}

absl::StatusOr<std::optional<Digest>> ExpectedAddress(const Flags& flags) {
  if (flags.expected_address.empty()) return std::nullopt;
  const auto address = AddressFromText(flags.expected_address);
  if (address.ok()) return *address;
  return WrongUsage(absl::StrCat("--expected-address: ", address.status().message()));
}

// Opens the rows of a choice, as often as it is asked.
struct RowOpener {
  const Flags& flags;
  const generate::StreamChoice choice;
  const std::optional<Digest> expected_address;
  CommandContext& context;
  const std::stop_token stop;

  absl::StatusOr<std::unique_ptr<generate::RowSource>> OpenLocal(
      const std::optional<v1::GenerateHeader>& pinned) const;
  absl::StatusOr<std::unique_ptr<generate::RowSource>> OpenRemote(
      const std::optional<v1::GenerateHeader>& pinned) const;
  absl::StatusOr<std::unique_ptr<generate::RowSource>> Open(
      const std::optional<v1::GenerateHeader>& pinned) const;
};

absl::StatusOr<std::unique_ptr<generate::RowSource>> RowOpener::OpenLocal(
    const std::optional<v1::GenerateHeader>& pinned) const {
  const int threads = flags.threads > 0 ? static_cast<int>(flags.threads) : AvailableCpuCount();
  Phases phases(context, generate::kLocalPhaseCount);
  ASSIGN_OR_RETURN(
      auto source,
      generate::OpenLocalRows(
          {.repository = flags.repository, .num_threads = threads, .stop = stop}, choice, pinned,
          [&phases](const std::string& what) { return phases.Begin(what); }));
  phases.End();
  return source;
}

absl::StatusOr<std::unique_ptr<generate::RowSource>> RowOpener::OpenRemote(
    const std::optional<v1::GenerateHeader>& pinned) const {
  generate::RemoteRowOptions options{.failover = {}, .expected_address = expected_address};
  ASSIGN_OR_RETURN(options.failover, ParseServerFlag(flags.servers));
  options.failover.retry.retry_for = absl::Seconds(flags.retry_for);
  options.failover.stop = stop;
  options.failover.on_retry = RetryPrinter("tailcast generate");
  return generate::OpenRemoteRows(options, choice, pinned);
}

absl::StatusOr<std::unique_ptr<generate::RowSource>> RowOpener::Open(
    const std::optional<v1::GenerateHeader>& pinned) const {
  ASSIGN_OR_RETURN(auto source, flags.local ? OpenLocal(pinned) : OpenRemote(pinned));
  const Digest address = *DigestFromBytes(source->header().address());
  if (!expected_address || address == *expected_address) return source;
  return absl::FailedPreconditionError(absl::StrCat("the address of these rows is ",
                                                    AddressText(address), "; expected ",
                                                    AddressText(*expected_address)));
}

nlohmann::json Describe(const v1::GenerateHeader& header) {
  return {{"address", AddressText(*DigestFromBytes(header.address()))},
          {"recipe", ToHex(*DigestFromBytes(header.recipe_digest()))},
          {"bundle", ReferenceText(header.stream().bundle())},
          {"bundle_digest", ToHex(*DigestFromBytes(header.stream().bundle_digest()))},
          {"feature_space_digest", ToHex(*DigestFromBytes(header.feature_space_digest()))},
          {"feature_dimension", header.feature_dimension()},
          {"seed", header.stream().seed()}};
}

absl::StatusOr<CommandResult> DryRun(const generate::RowRangeChoice& choice,
                                     generate::RowSource& source) {
  ASSIGN_OR_RETURN(const generate::RowRangeChoice range,
                   generate::ResolveRange(source.header(), choice));
  ASSIGN_OR_RETURN(const double rate, source.EstimateRowsPerSecond());
  const int64_t row_bytes = 4 * int64_t{source.header().feature_dimension()} + 8;
  if (*range.row_count > std::numeric_limits<int64_t>::max() / row_bytes) {
    return absl::OutOfRangeError(absl::StrCat(*range.row_count, " rows of ", row_bytes,
                                              " bytes are more than a file can hold"));
  }
  const int64_t bytes = *range.row_count * row_bytes;
  const auto rows = static_cast<double>(*range.row_count);
  CommandResult result{.json = Describe(source.header()), .text = {}};
  result.json["start_row"] = range.start_row;
  result.json["rows"] = *range.row_count;
  result.json["bytes"] = bytes;
  result.json["estimated_seconds"] = rate > 0 ? rows / rate : 0.0;
  result.json["dry_run"] = true;
  result.text = absl::StrFormat(
      "address  %s\nbundle   %s\nrows     %d from row %d on\nbytes    %d\nestimate %.1f s (%.0f "
      "rows/s)\nnothing was written",
      result.json["address"].get<std::string>(), result.json["bundle"].get<std::string>(),
      *range.row_count, range.start_row, bytes, rate > 0 ? rows / rate : 0.0, rate);
  return result;
}

CommandResult Report(const Flags& flags, const generate::FileResult& done, double seconds) {
  CommandResult result{.json = Describe(done.header), .text = {}};
  result.json["output"] = flags.output;
  result.json["start_row"] = done.start_row;
  result.json["rows"] = done.row_count;
  result.json["resumed_rows"] = done.resumed_rows;
  result.json["seconds"] = seconds;
  result.json["sha256"] = ToHex(done.features_sha256);
  result.json["row_checksum_sum"] = absl::StrFormat("%016x", done.row_checksum_sum);
  result.text = absl::StrFormat(
      "%d rows of %s from row %d on in %s (%.1f s)\naddress %s\nSHA-256 of the features %s",
      done.row_count, result.json["bundle"].get<std::string>(), done.start_row, flags.output,
      seconds, result.json["address"].get<std::string>(), ToHex(done.features_sha256));
  return result;
}

absl::StatusOr<CommandResult> Generate(const Flags& flags, CommandContext& context) {
  const absl::Time start = absl::Now();
  RETURN_IF_ERROR(CheckUsage(flags));
  ASSIGN_OR_RETURN(const generate::StreamChoice choice, ChoiceOf(flags));
  ASSIGN_OR_RETURN(const std::optional<Digest> expected_address, ExpectedAddress(flags));
  const StopWatcher watcher(context.stop_requested);
  const RowOpener opener{.flags = flags,
                         .choice = choice,
                         .expected_address = expected_address,
                         .context = context,
                         .stop = watcher.token()};
  const auto open = [&opener](const std::optional<v1::GenerateHeader>& pinned) {
    return opener.Open(pinned);
  };
  if (flags.dry_run) {
    ASSIGN_OR_RETURN(const auto source, open(std::nullopt));
    return DryRun(flags.range, *source);
  }
  ASSIGN_OR_RETURN(const generate::FileResult done,
                   generate::GenerateToFile({.output = flags.output,
                                             .request = generate::ToJson(choice),
                                             .range = flags.range,
                                             .fresh = flags.fresh,
                                             .stop_requested = context.stop_requested},
                                            open, context.progress));
  return Report(flags, done, absl::ToDoubleSeconds(absl::Now() - start));
}

void AddSourceFlags(CLI::App& command, Flags& flags) {
  AddServerFlag(command, flags.servers);
  command.add_flag("--local", flags.local, "Generate in this process");
  command.add_option("--repository", flags.repository, "Folder of the repository, for --local");
  command
      .add_option("--bundle", flags.choice.bundle,
                  "NAME (its highest version), NAME@VERSION or NAME:LABEL")
      ->required();
  AddNumberFlag(command, "--retry-for", flags.retry_for, kSecondsRange,
                "Seconds to try again without progress when a server is gone");
  AddIntegerFlag(command, "--threads", flags.threads, kThreadsRange, "For --local")
      ->default_str("all processors");
}

void AddStreamFlags(CLI::App& command, Flags& flags) {
  generate::StreamChoice& choice = flags.choice;
  command.add_option("--class", flags.classes, "Class index; may be given several times")
      ->allow_extra_args(false);
  AddIntegerFlag(command, "--count", choice.rows_per_class, kClassRowsRange, "Rows of each --class")
      ->default_str("");
  command.add_option(
      "--plan", choice.plan_rule,
      "Rows of each class in a period: balance-to=N, ratio=R, each=N or counts=A,B,...");
  AddIntegerFlag(command, "--seed", choice.seed, kSeedRange, "Which samples");
  AddIntegerFlag(command, "--order-seed", choice.order_seed, kSeedRange, "Order within a period");
  AddIntegerFlag(command, "--repeat-periods", choice.repeat_period_count, kSeedRange,
                 "Periods after which the same samples return in a new order; 0: never");
  AddIntegerFlag(command, "--steps", flags.num_steps, kStepsRange, "Sampler steps")
      ->default_str("the bundle's");
  AddNumberFlag(command, "--eta", flags.eta, kEtaRange, "Share of DDPM's noise that DDIM adds back")
      ->default_str("the bundle's");
  command.add_option(
      "--guidance", choice.guidance,
      "Weight, or HEAD:TAIL from the most frequent to the rarest class (default: the "
      "bundle's)");
}

void AddOutputFlags(CLI::App& command, Flags& flags) {
  AddIntegerFlag(command, "--start-row", flags.range.start_row, kRowRange, "First row");
  AddIntegerFlag(command, "--rows", flags.row_count, kRowCountRange, "Number of rows")
      ->default_str("the rest of the period");
  command.add_option("--data-type", flags.data_type, "On the wire: f32, f16 or bf16")
      ->capture_default_str();
  command.add_option("--expected-address", flags.expected_address,
                     "Fail unless the rows have this address (tc1-...)");
  command.add_option("--output", flags.output,
                     "FILE.safetensors, or FILE.npy with FILE.labels.npy beside it");
  command.add_flag("--dry-run", flags.dry_run, "Say what would be generated, write nothing");
  command.add_flag("--fresh", flags.fresh, "Forget what an earlier run left of the output");
}

}  // namespace

void AddGenerateCommand(CLI::App& app, CommandRunner& runner) {
  auto flags = std::make_shared<Flags>();
  CLI::App& command =
      *app.add_subcommand("generate", "Generate features of chosen classes into a file");
  command.footer(kExample);
  AddSourceFlags(command, *flags);
  AddStreamFlags(command, *flags);
  AddOutputFlags(command, *flags);
  runner.Bind(command, [flags, &command](CommandContext& context) {
    if (command.count("--steps") > 0) {
      flags->choice.num_steps = static_cast<int32_t>(flags->num_steps);
    }
    if (command.count("--eta") > 0) flags->choice.eta = flags->eta;
    if (command.count("--rows") > 0) flags->range.row_count = flags->row_count;
    return Generate(*flags, context);
  });
}

}  // namespace tailcast::cli
