#ifndef TAILCAST_SERVER_CONVERT_CHUNK_MESSAGE_H_
#define TAILCAST_SERVER_CONVERT_CHUNK_MESSAGE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "core/contract/wire_type.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"

namespace tailcast::convert {

// Serialised GenerateResponse messages that hold a chunk, laid out by hand: the bytes are those of
// the generated class, but the payload, nearly all of them, is not copied.

// Features as they go on the wire: float32 keeps the buffer it gets, the others are rounded into a
// new one. features: [n, D], `size` elements.
grpc::Slice PayloadSlice(std::unique_ptr<float[]> features, size_t size, WireType type);

struct ChunkFields {
  int64_t start_row = 0;
  uint64_t checksum = 0;
  const std::vector<int32_t>& class_indices;  // one per row; at least one
};

grpc::ByteBuffer ChunkMessage(const ChunkFields& fields, const grpc::Slice& payload);

}  // namespace tailcast::convert

#endif  // TAILCAST_SERVER_CONVERT_CHUNK_MESSAGE_H_
