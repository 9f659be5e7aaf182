// What serving costs, server and client in one process over loopback; one JSON document.
//
//   serving_benchmark [--repository DIR --bundle NAME] [--gigabytes 2] [--rounds 5]
//
// "transport": a generator that hands out ready rows, checksums on both sides; target: 1 GB/s, or
//   0.8 CPU-seconds per GB.
// "stream": rows per second streamed from a real generator over those of the same number of threads
//   in process; target: 0.9. "far_row_cost": of rows at 2^40 over rows at 0; target: 2.
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/clock.h"
#include "client/library/row_stream.h"
#include "core/base/cpu_count.h"
#include "core/base/files.h"
#include "core/stream/resolve.h"
#include "core/stream/row_generator.h"
#include "core/tensor/compute_threads.h"
#include "nlohmann/json.hpp"
#include "proto/convert/resource_names.h"
#include "server/server.h"
#include "tests/benchmarks/measure.h"
#include "tests/benchmarks/ready_program.h"
#include "tests/core/base/scratch_folder.h"
#include "tests/fakes/published_bundle.h"

namespace tailcast {
namespace {

constexpr double kGigabyte = 1e9;
constexpr int32_t kTileRows = 256;

struct Options {
  // Where there is none: a bundle of the quick start's shape with drawn weights.
  std::string repository, bundle = "fashion-mnist-lt";
  double gigabytes = 2.0;
  int rounds = 5;
  int workers = AvailableCpuCount();
};

[[noreturn]] void Fail(const absl::Status& status) {
  std::fprintf(stderr, "serving_benchmark: %s\n", status.ToString().c_str());
  std::exit(1);
}
template <typename Value>
Value OrFail(absl::StatusOr<Value> value) {
  if (!value.ok()) Fail(value.status());
  return *std::move(value);
}

// Rows of the first five classes without end.
v1::GenerateRequest RequestOf(const std::string& bundle, int64_t row_count) {
  v1::GenerateRequest request;
  request.mutable_stream()->set_bundle(bundle);
  for (int32_t c = 0; c < 5; ++c) {
    v1::ClassWeight& entry = *request.mutable_stream()->mutable_plan()->add_class_weights();
    entry.set_class_index(c);
    entry.set_weight(1000);
  }
  request.mutable_rows()->set_row_count(row_count);
  return request;
}

std::unique_ptr<Server> StartServer(const std::string& repository, int workers,
                                    bundles::BundleLoader loader) {
  ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.engine.num_workers = workers;
  options.catalog.repository = repository;
  options.catalog.loader = std::move(loader);
  return OrFail(Server::Create(options));
}

// Reads a whole stream with the client library, which checks every chunk; returns its payload
// bytes.
int64_t ReadStream(const std::string& address, const v1::GenerateRequest& request) {
  client::RowStreamOptions options;
  options.failover.servers = {address};
  options.request = request;
  const auto stream = OrFail(client::RowStream::Open(options));
  int64_t bytes = 0;
  while (true) {
    const auto chunk = OrFail(stream->Next());
    if (!chunk.has_value()) return bytes;
    bytes += static_cast<int64_t>(chunk->payload.size());
  }
}

nlohmann::json MeasureTransport(const Options& options, const std::string& repository,
                                int64_t feature_dim, int32_t chunk_bytes) {
  const auto loader = [feature_dim](const bundle::VersionInfo& version, const std::stop_token&)
      -> absl::StatusOr<std::shared_ptr<const bundles::ServedBundle>> {
    auto bundle = bundle::ReadBundle(version.folder);
    if (!bundle.ok()) return bundle.status();
    const auto program = std::make_shared<const ReadyProgram>(
        feature_dim, (*bundle)->manifest.num_classes(), kTileRows);
    bundles::LoadedBundle loaded;
    loaded.version = version;
    loaded.bundle = *std::move(bundle);
    loaded.numerics.invariance = stream::Invariance::kRow;
    loaded.numerics.tile_rows = {16, 64, kTileRows};
    loaded.compile = [program](const SamplerSpec&) { return program; };
    return std::make_shared<const bundles::ServedBundle>(std::move(loaded));
  };
  const auto server = StartServer(repository, options.workers, loader);
  const int64_t row_bytes = feature_dim * static_cast<int64_t>(sizeof(float));
  auto request = RequestOf(VersionResource("ready", 1),
                           static_cast<int64_t>(options.gigabytes * kGigabyte) / row_bytes);
  request.set_max_chunk_bytes(chunk_bytes);
  auto warm_up = request;
  warm_up.mutable_rows()->set_row_count(request.rows().row_count() / 10);
  ReadStream(server->address(), warm_up);

  std::vector<double> rates, costs;
  for (int round = 0; round < options.rounds; ++round) {
    const Stopwatch stopwatch;
    const double gigabytes =
        static_cast<double>(ReadStream(server->address(), request)) / kGigabyte;
    rates.push_back(gigabytes / stopwatch.seconds());
    costs.push_back(stopwatch.cpu_seconds() / gigabytes);
  }
  return {{"feature_dim", feature_dim},
          {"chunk_bytes", chunk_bytes},
          {"gigabytes_per_second", Median(rates)},
          {"cpu_seconds_per_gigabyte", Median(costs)}};
}

// The generator in process, `workers` threads over ranges of their own, from `first_row` on.
double InProcessSeconds(const stream::RowGenerator& generator, int64_t feature_dim,
                        int64_t row_count, int workers, int64_t first_row = 0) {
  constexpr int64_t kRangeRows = 1024;
  const Stopwatch stopwatch;
  std::vector<std::thread> threads;
  for (int worker = 0; worker < workers; ++worker) {
    threads.emplace_back([&, worker] {
      UseOneComputeThread();
      std::vector<int32_t> classes(kRangeRows);
      std::vector<float> features(kRangeRows * feature_dim);
      for (int64_t row = worker * kRangeRows; row < row_count; row += workers * kRangeRows) {
        const absl::Status status = generator.Generate(
            first_row + row, [] { return false; }, absl::MakeSpan(classes),
            absl::MakeSpan(features));
        if (!status.ok()) Fail(status);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return stopwatch.seconds();
}

nlohmann::json MeasureStream(const Options& options, const std::string& repository,
                             const std::string& name) {
  const auto version = OrFail(OrFail(bundle::Repository::Open(repository)).Find({.name = name}));
  const auto bundle = OrFail(bundle::ReadBundle(version.folder));
  const auto program =
      OrFail(stream::SamplerProgram::Compile(bundle->generator, bundle->manifest.default_sampler));
  stream::StreamRequest spec;
  for (int32_t c = 0; c < 5; ++c) {
    spec.plan.class_weights.push_back({.class_index = c, .weight = 1000});
  }
  const auto resolved = OrFail(stream::ResolveStream(
      bundle->manifest, bundle->digest, OrFail(stream::ProveNumerics(*program)), spec));
  const stream::RowGenerator generator(program, resolved);
  const int64_t feature_dim = bundle->generator->feature_dim();
  const auto server = StartServer(repository, options.workers, bundles::LoadBundle);

  constexpr int64_t kProbeRows = 20'480;
  const double seconds = InProcessSeconds(generator, feature_dim, kProbeRows, options.workers);
  // About three seconds a round.
  const auto row_count = static_cast<int64_t>(3.0 / seconds * kProbeRows);
  const auto request = RequestOf(VersionResource(name, version.version), row_count);
  ReadStream(server->address(), RequestOf(request.stream().bundle(), kProbeRows));
  std::vector<double> in_process, streamed, ratios;
  for (int round = 0; round < options.rounds; ++round) {
    const auto rows = static_cast<double>(row_count);
    in_process.push_back(rows /
                         InProcessSeconds(generator, feature_dim, row_count, options.workers));
    const Stopwatch stopwatch;
    ReadStream(server->address(), request);
    streamed.push_back(rows / stopwatch.seconds());
    ratios.push_back(streamed.back() / in_process.back());
  }
  constexpr int64_t kFarRow = int64_t{1} << 40;
  const double far_seconds =
      InProcessSeconds(generator, feature_dim, row_count, options.workers, kFarRow);
  return {{"bundle", name},
          {"feature_dim", feature_dim},
          {"far_row_cost", far_seconds * Median(in_process) / static_cast<double>(row_count)},
          {"rows", row_count},
          {"in_process_rows_per_second", Median(in_process)},
          {"streamed_rows_per_second", Median(streamed)},
          {"streamed_over_in_process", Median(ratios)},
          {"rows_per_tile", server->counters().rows_per_tile()}};
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Measures what serving costs");
  app.add_option("--repository", options.repository,
                 "For \"stream\"; where it is not, weights are drawn");
  app.add_option("--bundle", options.bundle, "Bundle of the repository")->capture_default_str();
  app.add_option("--gigabytes", options.gigabytes, "Payload of a round of \"transport\"");
  app.add_option("--rounds", options.rounds, "The median of so many counts");
  app.add_option("--workers", options.workers, "Threads");
  CLI11_PARSE(app, argc, argv);

  UseOneComputeThread();
  const ScratchFolder folder;
  nlohmann::json result = {{"workers", options.workers}};
  for (const int64_t feature_dim : {64, 512, 2048}) {
    const std::string root = folder.File(std::to_string(feature_dim));
    bundle::PublishTestBundle(root, "ready", {.feature_dim = feature_dim});
    for (const int32_t chunk_bytes : {256 << 10, 1 << 20}) {
      result["transport"].push_back(MeasureTransport(options, root, feature_dim, chunk_bytes));
    }
  }
  if (!PathExists(options.repository)) {
    options.repository = folder.File("drawn");
    options.bundle = "drawn";
    bundle::PublishTestBundle(options.repository, "drawn",
                              {.feature_dim = 64, .hidden_dim = 192, .num_steps = 16});
  }
  result["stream"] = MeasureStream(options, options.repository, options.bundle);
  std::printf("%s\n", result.dump(2).c_str());
  return 0;
}

}  // namespace
}  // namespace tailcast

int main(int argc, char** argv) { return tailcast::Main(argc, argv); }
