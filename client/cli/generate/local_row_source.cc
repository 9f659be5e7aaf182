#include "client/cli/generate/local_row_source.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/generate/run_in_threads.h"
#include "client/library/call_verifier.h"
#include "core/base/status_macros.h"
#include "core/bundle/bundle.h"
#include "core/bundle/repository.h"
#include "core/contract/wire_type.h"
#include "core/stream/numerics.h"
#include "core/stream/resolve.h"
#include "core/stream/row_generator.h"
#include "core/stream/sampler_program.h"
#include "core/tensor/compute_threads.h"
#include "proto/convert/resource_names.h"
#include "proto/describe/generate_header.h"

namespace tailcast::generate {
namespace {

// Rows that one thread makes before the block is handed on.
constexpr int64_t kRowsPerThread = 1024;

class LocalRowSource final : public RowSource {
 public:
  LocalRowSource(LocalRowOptions options, v1::GenerateHeader header, WireType wire_type,
                 stream::RowGenerator generator)
      : options_(std::move(options)),
        header_(std::move(header)),
        wire_type_(wire_type),
        generator_(std::move(generator)) {}

  const v1::GenerateHeader& header() const override { return header_; }
  absl::StatusOr<double> EstimateRowsPerSecond() override;
  absl::Status Read(int64_t begin, int64_t end, RowConsumer consume) override;

 private:
  // Fills the two buffers, all threads at work.
  absl::Status MakeBlock(int64_t begin, int64_t end);
  // What a wire of a smaller type would have left of the features.
  void RoundToWire();

  const LocalRowOptions options_;
  const v1::GenerateHeader header_;
  const WireType wire_type_;
  const stream::RowGenerator generator_;
  std::vector<int32_t> class_indices_;
  std::vector<float> features_;
  std::string wire_;
};

absl::Status LocalRowSource::MakeBlock(int64_t begin, int64_t end) {
  const auto dim = static_cast<size_t>(header_.feature_dimension());
  class_indices_.resize(static_cast<size_t>(end - begin));
  features_.resize(class_indices_.size() * dim);
  const auto part_count = static_cast<size_t>((end - begin + kRowsPerThread - 1) / kRowsPerThread);
  RETURN_IF_ERROR(RunInThreads(part_count, [&](size_t part) {
    const size_t first = part * kRowsPerThread;
    const size_t count = std::min<size_t>(kRowsPerThread, class_indices_.size() - first);
    return generator_.Generate(
        begin + static_cast<int64_t>(first), [this] { return options_.stop.stop_requested(); },
        absl::MakeSpan(class_indices_).subspan(first, count),
        absl::MakeSpan(features_).subspan(first * dim, count * dim));
  }));
  RoundToWire();
  return absl::OkStatus();
}

void LocalRowSource::RoundToWire() {
  if (wire_type_ == WireType::kFloat32) return;
  wire_.resize(features_.size() * WireTypeSize(wire_type_));
  EncodeWire(features_, wire_type_, wire_.data());
  DecodeWire(wire_, wire_type_, absl::MakeSpan(features_));
}

absl::Status LocalRowSource::Read(int64_t begin, int64_t end, RowConsumer consume) {
  const int64_t block_rows = kRowsPerThread * options_.num_threads;
  // Blocks end at multiples of a thread's share, so that rows which must be computed in aligned
  // tiles are not computed twice.
  for (int64_t row = begin; row < end;) {
    const bool is_last = end - row <= block_rows;
    const int64_t block_end = is_last ? end : row - row % kRowsPerThread + block_rows;
    RETURN_IF_ERROR(MakeBlock(row, block_end));
    RETURN_IF_ERROR(
        consume({.start_row = row, .class_indices = class_indices_, .features = features_}));
    row = block_end;
  }
  return absl::OkStatus();
}

absl::StatusOr<double> LocalRowSource::EstimateRowsPerSecond() {
  const int64_t rows =
      std::min(kRowsPerThread * options_.num_threads, generator_.stream().plan.end_row());
  RETURN_IF_ERROR(MakeBlock(0, 1));  // the first tile is slower
  const absl::Time start = absl::Now();
  RETURN_IF_ERROR(MakeBlock(0, rows));
  return static_cast<double>(rows) / absl::ToDoubleSeconds(absl::Now() - start);
}

absl::StatusOr<BundleReference> ReferenceFor(const StreamChoice& choice,
                                             const std::optional<v1::GenerateHeader>& pinned) {
  if (!pinned) return ParseBundleReference(choice.bundle);
  absl::StatusOr<BundleReference> reference = ParseBundleResource(pinned->stream().bundle());
  if (reference.ok()) return reference;
  return absl::DataLossError(absl::StrCat("the ledger's bundle ", reference.status().message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<RowSource>> OpenLocalRows(
    const LocalRowOptions& options, const StreamChoice& choice,
    const std::optional<v1::GenerateHeader>& pinned,
    absl::FunctionRef<absl::Status(const std::string&)> begin_phase) {
  // Parallel over tiles: see row invariance in core/stream/numerics.h.
  UseOneComputeThread();
  ASSIGN_OR_RETURN(const bundle::Repository repository,
                   bundle::Repository::Open(options.repository));
  ASSIGN_OR_RETURN(const BundleReference reference, ReferenceFor(choice, pinned));
  ASSIGN_OR_RETURN(const bundle::VersionInfo version, repository.Find(reference));
  const auto stopped = [&options] { return options.stop.stop_requested(); };
  RETURN_IF_ERROR(begin_phase("read bundle"));
  ASSIGN_OR_RETURN(const auto bundle, bundle::ReadBundle(version.folder, [&stopped] {
                     return stopped() ? absl::CancelledError("interrupted") : absl::OkStatus();
                   }));
  const bundle::Manifest& manifest = bundle->manifest;
  ASSIGN_OR_RETURN(const ChosenRows chosen, ChooseRows(choice, manifest.class_counts));
  ASSIGN_OR_RETURN(const auto default_program,
                   stream::SamplerProgram::Compile(bundle->generator, manifest.default_sampler));
  RETURN_IF_ERROR(begin_phase("prove numerics"));
  ASSIGN_OR_RETURN(const stream::Numerics numerics,
                   stream::ProveNumerics(*default_program, stopped));
  stream::StreamRequest request{.sampler = {}, .plan = chosen.plan, .seed = choice.seed};
  if (choice.num_steps || choice.eta) request.sampler.method = SamplerMethod::kDdim;
  request.sampler.num_steps = choice.num_steps;
  request.sampler.eta = choice.eta;
  request.sampler.guidance_weights = chosen.guidance_weights;
  ASSIGN_OR_RETURN(stream::ResolvedStream resolved,
                   stream::ResolveStream(manifest, bundle->digest, numerics, request));
  v1::GenerateHeader header =
      ToHeader(resolved, {.bundle_resource = VersionResource(version.name, version.version),
                          .feature_space = manifest.feature_space.digest(),
                          .feature_dim = manifest.feature_space.dimension,
                          .wire_type = choice.wire_type});
  if (pinned) RETURN_IF_ERROR(client::CheckSameStream(*pinned, header));
  ASSIGN_OR_RETURN(auto program,
                   stream::SamplerProgram::Compile(bundle->generator, resolved.sampler));
  return std::make_unique<LocalRowSource>(
      options, std::move(header), choice.wire_type,
      stream::RowGenerator(std::move(program), std::move(resolved)));
}

}  // namespace tailcast::generate
