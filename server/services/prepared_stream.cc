#include "server/services/prepared_stream.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "proto/describe/generate_header.h"
#include "server/convert/generate_request.h"
#include "server/convert/request_fields.h"
#include "server/rpc/errors.h"

namespace tailcast::services {
namespace {

// What the caller pinned must be what this server would send.
absl::Status CheckPins(const convert::GenerateOptions& options, const bundles::ServedBundle& bundle,
                       const stream::ResolvedStream& stream) {
  const Digest feature_space = bundle.manifest().feature_space.digest();
  if (options.numerics_id.has_value() && *options.numerics_id != stream.numerics.id) {
    return rpc::NumericsUnavailable(bundle.resource(), *options.numerics_id, stream.numerics.id);
  }
  if (options.expected_feature_space.has_value() &&
      *options.expected_feature_space != feature_space) {
    return rpc::FeatureSpaceMismatch(bundle.resource(), *options.expected_feature_space,
                                     feature_space);
  }
  const Digest address = stream.address();
  if (options.expected_address.has_value() && *options.expected_address != address) {
    return rpc::AddressMismatch(*options.expected_address, address);
  }
  return absl::OkStatus();
}

// Rows to send: a finite range must lie before the plan's end, an endless one ends there.
absl::StatusOr<int64_t> CountRows(const convert::GenerateOptions& options, const ShardRows& rows,
                                  const Plan& plan) {
  const int64_t available = rows.CountBelow(plan.end_row());
  if (options.row_count == 0) return available;
  if (options.row_count <= available) return options.row_count;
  return rpc::RowOutOfRange(
      absl::StrCat("rows.row_count is ", options.row_count, " from row ", options.start_row, " on"),
      plan.end_row());
}

int64_t FirstChunkRows(const stream::Numerics& numerics, int64_t chunk_rows, int64_t start_row) {
  const int64_t tile = numerics.largest_tile();
  const bool whole_tiles =
      numerics.invariance == stream::Invariance::kAlignedTile && chunk_rows % tile == 0;
  return whole_tiles ? chunk_rows - start_row % tile : chunk_rows;
}

}  // namespace

int64_t PreparedStream::chunk_count() const {
  if (row_count == 0) return 0;
  if (row_count <= first_chunk_rows) return 1;
  return 1 + (row_count - first_chunk_rows - 1) / chunk_rows + 1;
}

int64_t PreparedStream::ChunkStart(int64_t index) const {
  if (index == 0) return 0;
  if (index >= chunk_count()) return row_count;
  return first_chunk_rows + (index - 1) * chunk_rows;
}

absl::StatusOr<PreparedStream> PrepareStream(const v1::GenerateRequest& request,
                                             bundles::Catalog& catalog) {
  convert::RequestFields fields;
  const convert::GenerateOptions options = convert::ToGenerateOptions(request, fields);
  auto bundle = catalog.Acquire(options.bundle, options.bundle_digest);
  // Wrong fields come first, whatever the state.
  if (!bundle.ok()) return fields.ok() ? bundle.status() : fields.Error();

  const bundle::Manifest& manifest = (*bundle)->manifest();
  const stream::Numerics& numerics = (*bundle)->numerics();
  absl::StatusOr<stream::ResolvedStream> stream =
      stream::ResolveStream(manifest, (*bundle)->bundle().digest, numerics, options.stream);
  if (!stream.ok()) fields.WrongAsIn(stream.status());
  const int64_t feature_dim = manifest.feature_space.dimension;
  const int64_t chunk_rows = convert::ChunkRows(options, feature_dim, numerics, fields);
  convert::CheckShardAgainst(numerics, options.shard, fields);
  if (!fields.ok()) return fields.Error();

  RETURN_IF_ERROR(CheckPins(options, **bundle, *stream));
  const ShardRows rows(options.shard, options.start_row);
  ASSIGN_OR_RETURN(const int64_t row_count, CountRows(options, rows, stream->plan));
  const HeaderFacts facts = {.bundle_resource = (*bundle)->resource(),
                             .feature_space = manifest.feature_space.digest(),
                             .feature_dim = feature_dim,
                             .wire_type = options.wire_type,
                             .chunk_rows = chunk_rows};
  return PreparedStream{.bundle = *std::move(bundle),
                        .stream = *stream,
                        .header = ToHeader(*stream, facts),
                        .wire_type = options.wire_type,
                        .rows = rows,
                        .row_count = row_count,
                        .endless = options.row_count == 0,
                        .chunk_rows = chunk_rows,
                        .first_chunk_rows = FirstChunkRows(numerics, chunk_rows, rows.RowAt(0))};
}

}  // namespace tailcast::services
