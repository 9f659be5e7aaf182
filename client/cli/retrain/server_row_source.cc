#include "client/cli/retrain/server_row_source.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/library/bundle_catalog.h"
#include "client/library/row_stream.h"
#include "client/library/stream_spec.h"
#include "core/base/status_macros.h"
#include "core/contract/address.h"
#include "proto/convert/contract_proto.h"
#include "proto/convert/resource_names.h"

namespace tailcast::retrain {
namespace {

// Rows of one stream, laid out as tensors while they arrive.
class RowCollector {
 public:
  RowCollector(int64_t row_count, int64_t feature_dim)
      : features_(at::empty({row_count, feature_dim}, at::kFloat)),
        labels_(at::empty({row_count}, at::kLong)) {}

  // REQUIRES: no more rows than announced.
  void Append(const client::RowChunk& chunk) {
    const auto count = static_cast<int64_t>(chunk.class_indices.size());
    std::memcpy(features_.mutable_data_ptr<float>() + row_count_ * features_.size(1),
                chunk.payload.data(), chunk.payload.size());
    int64_t* labels = labels_.mutable_data_ptr<int64_t>() + row_count_;
    for (int64_t i = 0; i < count; ++i) labels[i] = chunk.class_indices[i];
    row_count_ += count;
  }

  int64_t row_count() const { return row_count_; }
  training::LabelledRows rows() const { return {features_, labels_}; }

 private:
  at::Tensor features_;  // [N, D]
  at::Tensor labels_;    // [N]
  int64_t row_count_ = 0;
};

absl::StatusOr<training::LabelledRows> Collect(client::RowStream& stream, int64_t row_count,
                                               training::ProgressSink& progress) {
  RowCollector collector(row_count, stream.header().feature_dimension());
  while (true) {
    if (progress.stop_requested()) return absl::CancelledError("interrupted");
    ASSIGN_OR_RETURN(const std::optional<client::RowChunk> chunk, stream.Next());
    if (!chunk.has_value()) break;
    collector.Append(*chunk);
    progress.Advance(collector.row_count(), {});
  }
  if (collector.row_count() == row_count) return collector.rows();
  return absl::DataLossError(absl::StrCat("the stream ended after ", collector.row_count(),
                                          " rows; expected ", row_count));
}

// "ddim, 16 steps, guidance 0", "..., guidance -0.5 to -0.1, by class"
std::string SamplerText(const v1::SamplerSpec& sampler) {
  std::string text = absl::StrCat("ddim, ", sampler.ddim().step_count(), " steps, guidance ");
  const auto& weights = sampler.guidance_weights();
  if (weights.empty()) return absl::StrCat(text, "0");
  const auto [low, high] = std::minmax_element(weights.begin(), weights.end());
  if (*low == *high) return absl::StrCat(text, *low);
  return absl::StrCat(text, *low, " to ", *high, ", by class");
}

StreamedRows Describe(const v1::GenerateHeader& header) {
  StreamedRows streamed;
  streamed.bundle = ReferenceText(header.stream().bundle());
  streamed.bundle_digest = absl::BytesToHexString(header.stream().bundle_digest());
  streamed.feature_space_digest = absl::BytesToHexString(header.feature_space_digest());
  streamed.recipe = absl::BytesToHexString(header.recipe_digest());
  streamed.sampler = SamplerText(header.stream().sampler());
  const absl::StatusOr<Digest> address = DigestFromBytes(header.address());
  if (address.ok()) streamed.address = AddressText(*address);
  return streamed;
}

}  // namespace

ServerRowSource::ServerRowSource(ServerRowOptions options) : options_(std::move(options)) {}

// Bundle and sampler method of a stream: those of the first stream, if there was one.
absl::Status ServerRowSource::NameBundle(v1::StreamSpec& stream) const {
  if (first_header_.has_value()) {
    const v1::StreamSpec& first = first_header_->stream();
    stream.set_bundle(first.bundle());
    stream.set_bundle_digest(first.bundle_digest());
    stream.set_numerics_id(first.numerics_id());
    if (options_.num_steps) *stream.mutable_sampler()->mutable_ddim() = first.sampler().ddim();
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const BundleReference reference, ParseBundleReference(options_.bundle));
  const bool is_named = reference.version.has_value() || reference.label.has_value();
  if (is_named && !options_.num_steps) {
    stream.set_bundle(ResourceOf(reference));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const v1::Bundle bundle,
                   client::BundleCatalog(options_.failover).Get(reference));
  stream.set_bundle(bundle.name());
  if (options_.num_steps) {
    client::ChooseDdim(options_.num_steps, /*eta=*/std::nullopt, bundle.default_sampler(),
                       *stream.mutable_sampler());
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::GenerateRequest> ServerRowSource::RequestFor(const RowQuery& query,
                                                                int64_t row_count) {
  v1::GenerateRequest request;
  v1::StreamSpec& stream = *request.mutable_stream();
  RETURN_IF_ERROR(NameBundle(stream));
  *stream.mutable_plan() = ToProto(query.plan);
  stream.set_seed(options_.seed);
  for (const double weight : query.guidance_weights) {
    stream.mutable_sampler()->add_guidance_weights(weight);
  }
  request.mutable_rows()->set_row_count(row_count);
  request.set_expected_feature_space_digest(ToBytes(options_.feature_space_digest));
  return request;
}

absl::StatusOr<StreamedRows> ServerRowSource::Take(const RowQuery& query,
                                                   training::ProgressSink& progress) {
  const absl::Time start = absl::Now();
  ASSIGN_OR_RETURN(const Plan plan, Plan::Create(query.plan));
  client::RowStreamOptions options;
  options.failover = options_.failover;
  ASSIGN_OR_RETURN(options.request, RequestFor(query, plan.period()));
  ASSIGN_OR_RETURN(const std::unique_ptr<client::RowStream> stream,
                   client::RowStream::Open(std::move(options)));
  if (!first_header_.has_value()) first_header_ = stream->header();
  StreamedRows streamed = Describe(stream->header());
  progress.Begin(absl::StrCat("stream ", query.what), "rows", 0, plan.period());
  absl::StatusOr<training::LabelledRows> rows = Collect(*stream, plan.period(), progress);
  progress.End();
  if (!rows.ok()) return rows.status();
  streamed.rows = *std::move(rows);
  streamed.seconds = absl::ToDoubleSeconds(absl::Now() - start);
  return streamed;
}

}  // namespace tailcast::retrain
