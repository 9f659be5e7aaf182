#ifndef TAILCAST_TESTS_CLIENT_LIBRARY_SPLIT_MESSAGE_H_
#define TAILCAST_TESTS_CLIENT_LIBRARY_SPLIT_MESSAGE_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <algorithm>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "client/library/response_parser.h"
#include "proto/tailcast/v1/feature_service.pb.h"

namespace tailcast::client {

// The bytes in up to `max_cuts` + 1 pieces, some of them empty, as a network might cut them.
inline grpc::ByteBuffer SplitAtRandom(const std::string& bytes, int max_cuts, std::mt19937& rng) {
  std::vector<size_t> cuts = {0, bytes.size()};
  for (int i = 0; i < max_cuts; ++i) cuts.push_back(rng() % (bytes.size() + 1));
  std::sort(cuts.begin(), cuts.end());
  std::vector<grpc::Slice> slices;
  for (size_t i = 0; i + 1 < cuts.size(); ++i) {
    slices.emplace_back(bytes.data() + cuts[i], cuts[i + 1] - cuts[i]);
  }
  return grpc::ByteBuffer(slices.data(), slices.size());
}

// What a view says, in the generated class.
inline v1::GenerateResponse AsMessage(const ResponseView& view) {
  v1::GenerateResponse message;
  if (const auto* header = std::get_if<v1::GenerateHeader>(&view)) {
    *message.mutable_header() = *header;
  } else if (const auto* summary = std::get_if<v1::GenerateSummary>(&view)) {
    *message.mutable_summary() = *summary;
  } else {
    const auto& chunk = std::get<ChunkView>(view);
    message.mutable_chunk()->set_start_row(chunk.start_row);
    message.mutable_chunk()->set_row_count(chunk.row_count);
    message.mutable_chunk()->set_checksum(chunk.checksum);
    message.mutable_chunk()->set_class_indices(std::string(chunk.class_indices));
    message.mutable_chunk()->set_payload(std::string(chunk.payload));
  }
  return message;
}

// Equal in all fields that the client knows; unknown ones are dropped.
inline bool SameFields(v1::GenerateResponse a, v1::GenerateResponse b) {
  a.DiscardUnknownFields();
  b.DiscardUnknownFields();
  return a.SerializeAsString() == b.SerializeAsString();
}

}  // namespace tailcast::client

#endif  // TAILCAST_TESTS_CLIENT_LIBRARY_SPLIT_MESSAGE_H_
