#include "server/server.h"

#include <arpa/inet.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/status_macros.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"
#include "proto/convert/resource_names.h"
#include "server/rpc/limits.h"
#include "server/telemetry/logging.h"

namespace tailcast {
namespace {

using telemetry::LogLevel;

constexpr absl::Duration kReportInterval = absl::Seconds(60);

// For what is not a call of ours (health watchers, reflection) once all of ours are over.
constexpr absl::Duration kTransportGrace = absl::Milliseconds(200);

// A client that vanished without a word is noticed after their sum.
constexpr int kKeepaliveMs = 60'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
constexpr int kMinPingIntervalMs = 5'000;

absl::string_view HostOf(absl::string_view listen) {
  return listen.substr(0, listen.find_last_of(':'));
}

// gRPC takes these for sockets that have no port; clients here know none of them.
bool IsScheme(absl::string_view host) {
  return host == "unix" || host == "unix-abstract" || host == "vsock";
}

// An IPv6 address needs its brackets: "::1:50071" is one without a port.
bool IsHost(absl::string_view host) {
  const bool bracketed = absl::StartsWith(host, "[") && absl::EndsWith(host, "]");
  return !host.empty() && !IsScheme(host) && (bracketed || !absl::StrContains(host, ':'));
}

// gRPC takes 99999999 for a port and listens on another.
bool IsPort(absl::string_view text) {
  constexpr int kMaxPort = 65535;
  int port = -1;
  return !text.empty() && text.find_first_not_of("0123456789") == absl::string_view::npos &&
         absl::SimpleAtoi(text, &port) && port <= kMaxPort;
}

}  // namespace

bool IsListenAddress(absl::string_view listen) {
  const size_t colon = listen.find_last_of(':');
  return colon != absl::string_view::npos && IsHost(listen.substr(0, colon)) &&
         IsPort(listen.substr(colon + 1));
}

bool IsLoopback(absl::string_view listen) {
  constexpr uint32_t kLoopbackNet = 127;
  const std::string host(HostOf(listen));
  in_addr address = {};
  if (inet_pton(AF_INET, host.c_str(), &address) == 1) {
    return ntohl(address.s_addr) >> 24 == kLoopbackNet;
  }
  return host == "localhost" || host == "[::1]";
}

absl::StatusOr<std::unique_ptr<Server>> Server::Create(ServerOptions options) {
  std::unique_ptr<Server> server(new Server(std::move(options)));
  RETURN_IF_ERROR(server->Start());
  return server;
}

Server::Server(ServerOptions options)
    : options_(std::move(options)), calls_(options_.limits), scheduler_(options_.engine) {}

Server::~Server() {
  if (grpc_server_ != nullptr) Shutdown(absl::ZeroDuration());
}

absl::Status Server::Start() {
  if (!IsListenAddress(options_.listen)) {
    return absl::InvalidArgumentError(
        absl::StrCat("listen is '", options_.listen, "'; expected ", kListenForm));
  }
  RETURN_IF_ERROR(OpenCatalog());
  const services::ServiceParts parts = {
      .catalog = *catalog_, .scheduler = scheduler_, .calls = calls_};
  feature_service_ = std::make_unique<services::FeatureService>(parts);
  bundle_service_ = std::make_unique<services::BundleService>(parts);
  RETURN_IF_ERROR(Listen());
  health_.Attach(grpc_server_->GetHealthCheckService());
  if (!IsLoopback(options_.listen)) {
    telemetry::Log(LogLevel::kWarning,
                   "listening beyond this machine without TLS or authentication: anybody who "
                   "reaches the port can use the server",
                   {{"listen", options_.listen}});
  }
  // Last, so that a port in use is said at once.
  catalog_->Start();
  reporter_ = std::thread([this] { ReportCounters(); });
  return absl::OkStatus();
}

absl::Status Server::OpenCatalog() {
  bundles::CatalogOptions options = options_.catalog;
  options.on_readiness = [this](const std::string& name, bool ready) {
    health_.Set(name.empty() ? "" : ParentResource(name), ready);
  };
  ASSIGN_OR_RETURN(catalog_, bundles::Catalog::Create(std::move(options)));
  return absl::OkStatus();
}

absl::Status Server::Listen() {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(rpc::kMaxReceivedBytes);
  builder.AddListeningPort(options_.listen, grpc::InsecureServerCredentials(), &port_);
  // Two servers on one port would share its connections at random.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  // Clients look after their connections too; gRPC's own limit would hang up on them.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kMinPingIntervalMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.RegisterService(feature_service_.get());
  builder.RegisterService(bundle_service_.get());
  grpc_server_ = builder.BuildAndStart();
  if (grpc_server_ != nullptr && port_ != 0) return absl::OkStatus();
  grpc_server_.reset();
  return absl::UnavailableError(
      absl::StrCat("cannot listen on '", options_.listen,
                   "'; expected HOST:PORT of this machine with a port that is not in use"));
}

std::string Server::address() const { return absl::StrCat(HostOf(options_.listen), ":", port_); }

void Server::Shutdown(absl::Duration grace) {
  const absl::Time deadline = absl::Now() + grace;
  telemetry::Log(LogLevel::kInfo, "draining", {{"living_calls", calls_.living()}});
  health_.BeginDrain();
  calls_.Drain();
  const bool idle = calls_.AwaitIdle(deadline);
  if (!idle) {
    telemetry::Log(LogLevel::kWarning, "cancelling calls that outlived the grace time",
                   {{"living_calls", calls_.living()}});
  }
  grpc_server_->Shutdown(
      absl::ToChronoTime(absl::Now() + (idle ? kTransportGrace : absl::ZeroDuration())));
  health_.Detach();
  grpc_server_.reset();
  // Reactors are gone: now the workers, then the bundles they used.
  scheduler_.Shutdown();
  catalog_.reset();
  {
    absl::MutexLock lock(&report_mu_);
    stop_reporting_ = true;
  }
  reporter_.join();
  LogCounters();
}

// Until told to stop, whenever there is news.
void Server::ReportCounters() {
  int64_t reported_tiles = 0;
  while (true) {
    {
      absl::MutexLock lock(&report_mu_);
      if (report_mu_.AwaitWithTimeout(absl::Condition(&stop_reporting_), kReportInterval)) return;
    }
    const int64_t tiles = counters().tiles;
    if (std::exchange(reported_tiles, tiles) != tiles) LogCounters();
  }
}

void Server::LogCounters() const {
  const engine::SchedulerCounters counters = scheduler_.counters();
  telemetry::Log(LogLevel::kInfo, "engine",
                 {{"tiles", counters.tiles},
                  {"rows", counters.rows},
                  {"rows_per_tile", counters.rows_per_tile()},
                  {"computed_rows", counters.computed_rows},
                  {"shared_tiles", counters.shared_tiles},
                  {"abandoned_tiles", counters.abandoned_tiles},
                  {"dropped_rows", counters.dropped_rows}});
}

}  // namespace tailcast
