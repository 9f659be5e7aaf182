#ifndef TAILCAST_SERVER_SERVICES_PREPARED_STREAM_H_
#define TAILCAST_SERVER_SERVICES_PREPARED_STREAM_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "core/contract/shard.h"
#include "core/contract/wire_type.h"
#include "core/stream/resolved_stream.h"
#include "proto/tailcast/v1/feature_service.pb.h"
#include "server/bundles/catalog.h"

namespace tailcast::services {

// A request of Generate, resolved against its bundle: everything but the compiled sampler.
struct PreparedStream {
  std::shared_ptr<const bundles::ServedBundle> bundle;
  stream::ResolvedStream stream;
  v1::GenerateHeader header;
  WireType wire_type = WireType::kFloat32;
  ShardRows rows;
  // Rows to send; where the plan ends if the caller set none.
  int64_t row_count = 0;
  bool endless = false;
  int64_t chunk_rows = 1;
  // Rows of the first chunk: with aligned tiles it ends where a tile does.
  int64_t first_chunk_rows = 1;

  int64_t chunk_count() const;
  // Position of the first row of chunk `index`; row_count for index = chunk_count().
  int64_t ChunkStart(int64_t index) const;
};

// All errors of Generate but those of load.
absl::StatusOr<PreparedStream> PrepareStream(const v1::GenerateRequest& request,
                                             bundles::Catalog& catalog);

}  // namespace tailcast::services

#endif  // TAILCAST_SERVER_SERVICES_PREPARED_STREAM_H_
