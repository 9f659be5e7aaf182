#include "client/cli/server_flag.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/command.h"
#include "client/library/channel.h"

namespace tailcast::cli {
namespace {

constexpr absl::Duration kNoticeInterval = absl::Seconds(5);

}  // namespace

CLI::Option* AddServerFlag(CLI::App& command, std::string& servers) {
  return command.add_option("--server", servers,
                            "Address of a server, HOST:PORT; more replicas after commas");
}

absl::StatusOr<client::FailoverOptions> ParseServerFlag(const std::string& servers) {
  const auto list = client::ParseServerList(servers);
  if (!list.ok()) return WrongUsage(absl::StrCat("--server: ", list.status().message()));
  client::FailoverOptions options;
  options.servers = *list;
  return options;
}

std::function<void(const client::RetryNotice&)> RetryPrinter(const std::string& command) {
  auto last = std::make_shared<absl::Time>(absl::InfinitePast());
  return [command, last](const client::RetryNotice& notice) {
    if (absl::Now() - *last < kNoticeInterval) return;
    *last = absl::Now();
    std::cerr << command << ": " << notice.failure.message() << "; trying again at "
              << notice.next_server;
    const absl::Duration remaining = absl::Ceil(notice.remaining, absl::Seconds(1));
    if (remaining > absl::ZeroDuration() && remaining < absl::InfiniteDuration()) {
      std::cerr << " for up to " << absl::ToInt64Seconds(remaining) << " s (--retry-for)";
    }
    std::cerr << std::endl;
  };
}

}  // namespace tailcast::cli
