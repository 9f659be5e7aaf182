#include "server/convert/chunk_message.h"

#include <array>
#include <bit>
#include <string>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "proto/tailcast/v1/feature_service.pb.h"

namespace tailcast::convert {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;

// Buffers go on the wire as they are.
static_assert(std::endian::native == std::endian::little);

void DeleteFloats(void* features) { delete[] static_cast<float*>(features); }
void DeleteBytes(void* bytes) { delete[] static_cast<char*>(bytes); }

// Appends fields in protobuf's encoding (https://protobuf.dev/programming-guides/encoding).
class FieldWriter {
 public:
  explicit FieldWriter(std::string& out) : out_(out) {}

  void Varint(int field, uint64_t value) {
    if (value == 0) return;  // proto3 leaves defaults out
    Tag(field, WireFormatLite::WIRETYPE_VARINT);
    Raw(value);
  }
  void Fixed64(int field, uint64_t value) {
    if (value == 0) return;
    Tag(field, WireFormatLite::WIRETYPE_FIXED64);
    out_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  // The bytes themselves follow.
  void Length(int field, size_t size) {
    Tag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
    Raw(size);
  }

 private:
  void Tag(int field, WireFormatLite::WireType type) { Raw(WireFormatLite::MakeTag(field, type)); }
  void Raw(uint64_t value) {
    std::array<uint8_t, 10> buffer;  // the longest varint
    const uint8_t* const end = CodedOutputStream::WriteVarint64ToArray(value, buffer.data());
    out_.append(reinterpret_cast<const char*>(buffer.data()),
                static_cast<size_t>(end - buffer.data()));
  }

  std::string& out_;
};

// The chunk's fields up to the first byte of the payload.
std::string ChunkHead(const ChunkFields& fields, size_t payload_size) {
  using v1::FeatureChunk;
  std::string head;
  head.reserve(fields.class_indices.size() * sizeof(int32_t) + 64);
  FieldWriter writer(head);
  writer.Varint(FeatureChunk::kStartRowFieldNumber, static_cast<uint64_t>(fields.start_row));
  writer.Varint(FeatureChunk::kRowCountFieldNumber, fields.class_indices.size());
  writer.Fixed64(FeatureChunk::kChecksumFieldNumber, fields.checksum);
  const size_t class_bytes = fields.class_indices.size() * sizeof(int32_t);
  writer.Length(FeatureChunk::kClassIndicesFieldNumber, class_bytes);
  head.append(reinterpret_cast<const char*>(fields.class_indices.data()), class_bytes);
  writer.Length(FeatureChunk::kPayloadFieldNumber, payload_size);
  return head;
}

}  // namespace

grpc::Slice PayloadSlice(std::unique_ptr<float[]> features, size_t size, WireType type) {
  if (type == WireType::kFloat32) {
    float* const data = features.release();
    return grpc::Slice(data, size * sizeof(float), DeleteFloats, data);
  }
  const size_t bytes = size * WireTypeSize(type);
  auto* const data = new char[bytes];
  EncodeWire(absl::MakeConstSpan(features.get(), size), type, data);
  return grpc::Slice(data, bytes, DeleteBytes, data);
}

grpc::ByteBuffer ChunkMessage(const ChunkFields& fields, const grpc::Slice& payload) {
  const std::string chunk_head = ChunkHead(fields, payload.size());
  std::string message_head;
  message_head.reserve(chunk_head.size() + 16);
  FieldWriter writer(message_head);
  writer.Length(v1::GenerateResponse::kChunkFieldNumber, chunk_head.size() + payload.size());
  message_head += chunk_head;
  const grpc::Slice slices[] = {grpc::Slice(message_head), payload};
  return grpc::ByteBuffer(slices, 2);
}

}  // namespace tailcast::convert
