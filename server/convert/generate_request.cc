#include "server/convert/generate_request.h"

#include <algorithm>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/convert/contract_proto.h"
#include "server/rpc/limits.h"

namespace tailcast::convert {
namespace {

constexpr int64_t kMaxRow = std::numeric_limits<int64_t>::max();

std::optional<int32_t> StepCount(int32_t step_count) {
  if (step_count == 0) return std::nullopt;
  return step_count;
}

stream::SamplerOverrides ToOverrides(const v1::SamplerSpec& spec) {
  stream::SamplerOverrides overrides;
  switch (spec.method_case()) {
    case v1::SamplerSpec::kDdpm:
      overrides.method = SamplerMethod::kDdpm;
      break;
    case v1::SamplerSpec::kDdim:
      overrides.method = SamplerMethod::kDdim;
      overrides.num_steps = StepCount(spec.ddim().step_count());
      overrides.eta = spec.ddim().eta();
      break;
    case v1::SamplerSpec::kDpmSolver:
      overrides.method = SamplerMethod::kDpmSolver;
      overrides.num_steps = StepCount(spec.dpm_solver().step_count());
      break;
    case v1::SamplerSpec::METHOD_NOT_SET:
      break;
  }
  overrides.guidance_weights.assign(spec.guidance_weights().begin(), spec.guidance_weights().end());
  return overrides;
}

Shard ToShard(const v1::RowRange& rows, RequestFields& fields) {
  const Shard shard = ShardOf(rows);
  if (!rows.has_shard()) return shard;
  if (const absl::Status valid = ValidateShard(shard, rows.start_row()); !valid.ok()) {
    fields.WrongAsIn(valid);
  }
  return shard;
}

}  // namespace

GenerateOptions ToGenerateOptions(const v1::GenerateRequest& request, RequestFields& fields) {
  const v1::StreamSpec& stream = request.stream();
  GenerateOptions options;
  options.bundle = fields.BundleName("stream.bundle", stream.bundle());
  options.bundle_digest = fields.OptionalDigest("stream.bundle_digest", stream.bundle_digest());
  options.stream = {.sampler = ToOverrides(stream.sampler()),
                    .plan = FromProto(stream.plan()),
                    .seed = stream.seed()};
  options.numerics_id = fields.OptionalDigest("stream.numerics_id", stream.numerics_id());
  options.start_row = fields.InRange("rows.start_row", request.rows().start_row(), 0, kMaxRow);
  options.row_count = fields.InRange("rows.row_count", request.rows().row_count(), 0, kMaxRow);
  options.shard = ToShard(request.rows(), fields);
  options.wire_type = fields.FeatureType("data_type", request.data_type());
  options.max_chunk_bytes = static_cast<int32_t>(
      fields.InRange("max_chunk_bytes", request.max_chunk_bytes(), 0, rpc::kMaxChunkBytes));
  options.expected_address = fields.OptionalDigest("expected_address", request.expected_address());
  options.expected_feature_space = fields.OptionalDigest("expected_feature_space_digest",
                                                         request.expected_feature_space_digest());
  return options;
}

int64_t RowBytes(WireType type, int64_t feature_dim) {
  return feature_dim * static_cast<int64_t>(WireTypeSize(type));
}

int64_t ChunkRows(const GenerateOptions& options, int64_t feature_dim,
                  const stream::Numerics& numerics, RequestFields& fields) {
  const int64_t row_bytes = RowBytes(options.wire_type, feature_dim);
  int64_t chunk_bytes = options.max_chunk_bytes;
  if (chunk_bytes == 0) chunk_bytes = std::max<int64_t>(rpc::kDefaultChunkBytes, row_bytes);
  if (chunk_bytes < row_bytes) {
    fields.Wrong("max_chunk_bytes",
                 absl::StrCat("is ", chunk_bytes, "; expected [", row_bytes, ", ",
                              rpc::kMaxChunkBytes, "], from one row of this bundle on"));
    return 1;
  }
  int64_t rows = chunk_bytes / row_bytes;
  if (numerics.invariance == stream::Invariance::kAlignedTile) {
    const int64_t tile = numerics.largest_tile();
    if (rows > tile) rows -= rows % tile;
  }
  return rows;
}

void CheckShardAgainst(const stream::Numerics& numerics, const Shard& shard,
                       RequestFields& fields) {
  if (numerics.invariance != stream::Invariance::kAlignedTile || shard.count == 1) return;
  const int64_t tile = numerics.largest_tile();
  const auto check = [&](const char* field, int64_t value) {
    if (value % tile == 0) return;
    fields.Wrong(field, absl::StrCat("is ", value, "; expected a multiple of ", tile,
                                     ", the aligned tile of this bundle's arithmetic"));
  };
  check("rows.shard.block_row_count", shard.block_rows);
  check("rows.shard.origin_row", shard.origin_row);
}

}  // namespace tailcast::convert
