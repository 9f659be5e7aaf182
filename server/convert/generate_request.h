#ifndef TAILCAST_SERVER_CONVERT_GENERATE_REQUEST_H_
#define TAILCAST_SERVER_CONVERT_GENERATE_REQUEST_H_

#include <cstdint>
#include <optional>

#include "core/base/digest.h"
#include "core/contract/bundle_reference.h"
#include "core/contract/shard.h"
#include "core/contract/wire_type.h"
#include "core/stream/numerics.h"
#include "core/stream/resolve.h"
#include "proto/tailcast/v1/feature_service.pb.h"
#include "server/convert/request_fields.h"

namespace tailcast::convert {

// What a caller of Generate asks, checked as far as that goes without the bundle.
struct GenerateOptions {
  BundleReference bundle;
  std::optional<Digest> bundle_digest;
  std::optional<Digest> numerics_id;
  std::optional<Digest> expected_address;
  std::optional<Digest> expected_feature_space;
  stream::StreamRequest stream;
  int64_t start_row = 0;
  // 0: without end.
  int64_t row_count = 0;
  Shard shard;
  WireType wire_type = WireType::kFloat32;
  // 0: the default.
  int32_t max_chunk_bytes = 0;
};

// Everything wrong is added to `fields`.
GenerateOptions ToGenerateOptions(const v1::GenerateRequest& request, RequestFields& fields);

// Payload bytes of one row.
int64_t RowBytes(WireType type, int64_t feature_dim);

// Rows of a full chunk: as many as max_chunk_bytes holds. With aligned tiles, a multiple of the
// tile if it holds one, so that no tile is computed twice. What the caller allows but one row does
// not fit into is added to `fields`.
int64_t ChunkRows(const GenerateOptions& options, int64_t feature_dim,
                  const stream::Numerics& numerics, RequestFields& fields);

// With aligned tiles a tile holds rows of one shard only: blocks and origin must be multiples of
// it.
void CheckShardAgainst(const stream::Numerics& numerics, const Shard& shard, RequestFields& fields);

}  // namespace tailcast::convert

#endif  // TAILCAST_SERVER_CONVERT_GENERATE_REQUEST_H_
