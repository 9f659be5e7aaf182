#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/status_macros.h"
#include "proto/convert/resource_names.h"
#include "server/bundles/served_bundle.h"
#include "server/telemetry/logging.h"

namespace tailcast::bundles {
namespace {

// Timed runs of a full tile; the fastest counts, since others share the machine.
constexpr int kTimedTiles = 3;

absl::StatusOr<double> MeasureSecondsPerRow(const stream::SamplerProgram& program,
                                            int32_t tile_rows,
                                            absl::FunctionRef<bool()> is_cancelled) {
  std::vector<stream::TileRow> rows(tile_rows);
  for (int32_t i = 0; i < tile_rows; ++i) rows[i].sample = {.class_index = 0, .ordinal = i};
  std::vector<float> features(tile_rows * program.feature_dim());
  double best = 0.0;
  for (int i = 0; i < kTimedTiles; ++i) {
    const absl::Time start = absl::Now();
    RETURN_IF_ERROR(program.RunTile(rows, tile_rows, is_cancelled, absl::MakeSpan(features)));
    const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
    best = i == 0 ? seconds : std::min(best, seconds);
  }
  return best / tile_rows;
}

void LogActive(const LoadedBundle& loaded, double seconds_per_row, absl::Duration took) {
  const std::string resource = VersionResource(loaded.version.name, loaded.version.version);
  const stream::Numerics& numerics = loaded.numerics;
  const bool aligned = numerics.invariance == stream::Invariance::kAlignedTile;
  if (aligned) {
    telemetry::Log(telemetry::LogLevel::kWarning,
                   "rows depend on their neighbours here: falling back to aligned tiles",
                   {{"bundle", resource}, {"tile_rows", int64_t{numerics.largest_tile()}}});
  }
  telemetry::Log(telemetry::LogLevel::kInfo, "bundle active",
                 {{"bundle", resource},
                  {"digest", ToHex(loaded.bundle->digest)},
                  {"numerics_id", ToHex(numerics.id)},
                  {"mode", std::string(aligned ? "aligned_tile" : "row_invariant")},
                  {"tiles", absl::StrJoin(numerics.tile_rows, ",")},
                  {"rows_per_worker_second", 1.0 / seconds_per_row},
                  {"proof_seconds", absl::ToDoubleSeconds(took)}});
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ServedBundle>> LoadBundle(const bundle::VersionInfo& version,
                                                               const std::stop_token& stop) {
  LoadedBundle loaded;
  loaded.version = version;
  const auto before_file = [&stop] {
    return stop.stop_requested() ? absl::CancelledError("told to stop") : absl::OkStatus();
  };
  ASSIGN_OR_RETURN(loaded.bundle, bundle::ReadBundle(version.folder, before_file));
  if (loaded.bundle->digest != version.digest) {
    return absl::DataLossError(absl::StrCat(version.folder, "/", bundle::kManifestFile,
                                            " has digest ", ToHex(loaded.bundle->digest),
                                            "; expected ", ToHex(version.digest), " as listed"));
  }
  loaded.compile = [generator = loaded.bundle->generator](const SamplerSpec& spec) {
    return stream::SamplerProgram::Compile(generator, spec);
  };
  return ProveBundle(std::move(loaded), stop);
}

absl::StatusOr<std::shared_ptr<const ServedBundle>> ProveBundle(LoadedBundle loaded,
                                                                const std::stop_token& stop) {
  const auto is_cancelled = [&stop] { return stop.stop_requested(); };
  const absl::Time start = absl::Now();
  ASSIGN_OR_RETURN(const auto program, loaded.compile(loaded.bundle->manifest.default_sampler));
  ASSIGN_OR_RETURN(loaded.numerics, stream::ProveNumerics(*program, is_cancelled));
  ASSIGN_OR_RETURN(const double seconds_per_row,
                   MeasureSecondsPerRow(*program, loaded.numerics.largest_tile(), is_cancelled));
  loaded.seconds_per_flop = seconds_per_row / std::max(1.0, program->row_flops());
  LogActive(loaded, seconds_per_row, absl::Now() - start);
  auto served = std::make_shared<const ServedBundle>(std::move(loaded));
  // The first call shall not wait for the sampler that most will ask for.
  RETURN_IF_ERROR(served->CompileProgram(served->manifest().default_sampler).status());
  return served;
}

}  // namespace tailcast::bundles
