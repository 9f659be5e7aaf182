#ifndef TAILCAST_CLIENT_LIBRARY_RESPONSE_PARSER_H_
#define TAILCAST_CLIENT_LIBRARY_RESPONSE_PARSER_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/tailcast/v1/feature_service.pb.h"

namespace tailcast::client {

// A FeatureChunk whose bytes stay where gRPC received them.
struct ChunkView {
  int64_t start_row = 0;
  int32_t row_count = 0;
  uint64_t checksum = 0;
  absl::string_view class_indices;
  absl::string_view payload;
};

using ResponseView = std::variant<v1::GenerateHeader, v1::GenerateSummary, ChunkView>;

// Reads GenerateResponse messages without the copies that the generated class makes: a chunk in the
// usual form is parsed in place, and its payload is copied once at most, to join the pieces in
// which it arrived. Any other form goes through the generated class, so the two always agree. Not
// thread-safe.
class ResponseParser {
 public:
  // Views in the result are valid until the next call. DATA_LOSS if the bytes are not a
  // GenerateResponse with one of its contents.
  absl::StatusOr<ResponseView> Parse(const grpc::ByteBuffer& message);

 private:
  absl::StatusOr<ResponseView> ParseWithGeneratedClass();

  std::vector<grpc::Slice> slices_;
  // Joined bytes of fields that arrived in several slices; kept to reuse their memory.
  std::string class_indices_, payload_;
  // What the views point into where the generated class was used.
  v1::GenerateResponse response_;
};

}  // namespace tailcast::client

#endif  // TAILCAST_CLIENT_LIBRARY_RESPONSE_PARSER_H_
