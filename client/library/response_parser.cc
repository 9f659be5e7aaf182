#include "client/library/response_parser.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "client/library/slice_cursor.h"

namespace tailcast::client {
namespace {

// Tags of the wire format: field number << 3 | wire type (0 varint, 1 fixed64, 2 bytes).
enum Tag : uint64_t {
  kChunk = v1::GenerateResponse::kChunkFieldNumber << 3 | 2,
  kStartRow = v1::FeatureChunk::kStartRowFieldNumber << 3 | 0,
  kRowCount = v1::FeatureChunk::kRowCountFieldNumber << 3 | 0,
  kChecksum = v1::FeatureChunk::kChecksumFieldNumber << 3 | 1,
  kClassIndices = v1::FeatureChunk::kClassIndicesFieldNumber << 3 | 2,
  kPayload = v1::FeatureChunk::kPayloadFieldNumber << 3 | 2,
};

struct FieldBuffers {
  std::string& class_indices;
  std::string& payload;
};

bool ReadBytesField(SliceCursor& cursor, std::string& storage, absl::string_view& bytes) {
  uint64_t size = 0;
  return cursor.ReadVarint(size) && size <= cursor.remaining() &&
         cursor.ReadBytes(static_cast<size_t>(size), storage, bytes);
}

bool ReadField(uint64_t tag, SliceCursor& cursor, FieldBuffers buffers, ChunkView& chunk) {
  uint64_t number = 0;
  switch (tag) {
    case kStartRow:
      if (!cursor.ReadVarint(number)) return false;
      chunk.start_row = static_cast<int64_t>(number);
      return true;
    case kRowCount:
      if (!cursor.ReadVarint(number)) return false;
      chunk.row_count = static_cast<int32_t>(number);
      return true;
    case kChecksum:
      return cursor.ReadFixed64(chunk.checksum);
    case kClassIndices:
      return ReadBytesField(cursor, buffers.class_indices, chunk.class_indices);
    case kPayload:
      return ReadBytesField(cursor, buffers.payload, chunk.payload);
    default:
      return false;
  }
}

// The usual form: one chunk, known fields in ascending order. False for any other.
bool ReadUsualChunk(const std::vector<grpc::Slice>& slices, FieldBuffers buffers,
                    ChunkView& chunk) {
  SliceCursor cursor(slices);
  uint64_t tag = 0, size = 0, last_tag = 0;
  if (!cursor.ReadVarint(tag) || tag != kChunk) return false;
  if (!cursor.ReadVarint(size) || size != cursor.remaining()) return false;
  while (cursor.remaining() > 0) {
    if (!cursor.ReadVarint(tag) || tag <= last_tag) return false;
    if (!ReadField(tag, cursor, buffers, chunk)) return false;
    last_tag = tag;
  }
  return true;
}

std::string Joined(const std::vector<grpc::Slice>& slices) {
  std::string joined;
  for (const grpc::Slice& slice : slices) {
    joined.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return joined;
}

ChunkView ViewOf(const v1::FeatureChunk& chunk) {
  return {.start_row = chunk.start_row(),
          .row_count = chunk.row_count(),
          .checksum = chunk.checksum(),
          .class_indices = chunk.class_indices(),
          .payload = chunk.payload()};
}

}  // namespace

absl::StatusOr<ResponseView> ResponseParser::Parse(const grpc::ByteBuffer& message) {
  slices_.clear();
  if (!message.Dump(&slices_).ok()) {
    return absl::DataLossError("a message of the stream cannot be read: damaged compression");
  }
  ChunkView chunk;
  if (ReadUsualChunk(slices_, {class_indices_, payload_}, chunk)) return ResponseView(chunk);
  return ParseWithGeneratedClass();
}

absl::StatusOr<ResponseView> ResponseParser::ParseWithGeneratedClass() {
  const std::string bytes = Joined(slices_);
  if (!response_.ParseFromString(bytes)) {
    return absl::DataLossError(
        absl::StrCat("a message of ", bytes.size(), " bytes is not a GenerateResponse"));
  }
  switch (response_.content_case()) {
    case v1::GenerateResponse::kHeader:
      return ResponseView(response_.header());
    case v1::GenerateResponse::kSummary:
      return ResponseView(response_.summary());
    case v1::GenerateResponse::kChunk:
      return ResponseView(ViewOf(response_.chunk()));
    case v1::GenerateResponse::CONTENT_NOT_SET:
      break;
  }
  return absl::DataLossError(
      "a message of the stream is empty; expected a header, a chunk or a summary");
}

}  // namespace tailcast::client
