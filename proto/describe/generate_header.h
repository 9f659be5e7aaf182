#ifndef TAILCAST_PROTO_DESCRIBE_GENERATE_HEADER_H_
#define TAILCAST_PROTO_DESCRIBE_GENERATE_HEADER_H_

#include <cstdint>
#include <string>

#include "core/base/digest.h"
#include "core/contract/wire_type.h"
#include "core/stream/resolved_stream.h"
#include "proto/tailcast/v1/feature_service.pb.h"

namespace tailcast {

// What the first message of a stream says beside the stream itself: whose it is and how it travels.
struct HeaderFacts {
  std::string bundle_resource;
  Digest feature_space;
  int64_t feature_dim = 0;
  WireType wire_type = WireType::kFloat32;
  // 0 where no chunk is sent.
  int64_t chunk_rows = 0;
};

v1::GenerateHeader ToHeader(const stream::ResolvedStream& stream, const HeaderFacts& facts);

}  // namespace tailcast

#endif  // TAILCAST_PROTO_DESCRIBE_GENERATE_HEADER_H_
