#include "server/convert/chunk_message.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "proto/tailcast/v1/feature_service.pb.h"

namespace tailcast::convert {
namespace {

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(buffer.Dump(&slices).ok());
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

std::string BytesOf(const grpc::Slice& slice) {
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

std::unique_ptr<float[]> Floats(const std::vector<float>& values) {
  std::unique_ptr<float[]> copy(new float[values.size()]);
  std::copy(values.begin(), values.end(), copy.get());
  return copy;
}

// The slow way: the generated class.
std::string GeneratedBytes(int64_t start_row, uint64_t checksum,
                           const std::vector<int32_t>& class_indices, const std::string& payload) {
  v1::GenerateResponse response;
  v1::FeatureChunk& chunk = *response.mutable_chunk();
  chunk.set_start_row(start_row);
  chunk.set_row_count(static_cast<int32_t>(class_indices.size()));
  chunk.set_checksum(checksum);
  chunk.set_class_indices(class_indices.data(), class_indices.size() * sizeof(int32_t));
  chunk.set_payload(payload);
  return response.SerializeAsString();
}

TEST(ChunkMessageTest, HasTheBytesOfTheGeneratedClass) {
  std::mt19937_64 random(3);
  for (const int64_t start_row : {int64_t{0}, int64_t{1}, int64_t{127}, int64_t{128},
                                  int64_t{1} << 40, std::numeric_limits<int64_t>::max()}) {
    for (const uint64_t checksum : {uint64_t{0}, uint64_t{1}, random()}) {
      for (const size_t rows : {1u, 3u, 127u, 1000u}) {
        std::vector<int32_t> class_indices(rows);
        for (int32_t& index : class_indices) index = static_cast<int32_t>(random() % 65536);
        std::vector<float> features(rows * 5);
        for (float& value : features) value = static_cast<float>(random() % 1000) / 7;
        const grpc::Slice payload =
            PayloadSlice(Floats(features), features.size(), WireType::kFloat32);

        const grpc::ByteBuffer message = ChunkMessage(
            {.start_row = start_row, .checksum = checksum, .class_indices = class_indices},
            payload);

        ASSERT_EQ(BytesOf(message),
                  GeneratedBytes(start_row, checksum, class_indices, BytesOf(payload)));
      }
    }
  }
}

TEST(PayloadSliceTest, Float32IsNotCopied) {
  auto features = Floats({1.5f, -2.0f});
  const void* const address = features.get();
  const grpc::Slice payload = PayloadSlice(std::move(features), 2, WireType::kFloat32);
  EXPECT_EQ(payload.begin(), address);
  EXPECT_EQ(payload.size(), 8u);
}

TEST(PayloadSliceTest, OtherTypesAreRounded) {
  for (const WireType type : {WireType::kFloat16, WireType::kBfloat16}) {
    const std::vector<float> values = {1.5f, -2.0f, 3.14159f};
    std::string expected(values.size() * 2, '\0');
    EncodeWire(values, type, expected.data());
    EXPECT_EQ(BytesOf(PayloadSlice(Floats(values), values.size(), type)), expected);
  }
}

}  // namespace
}  // namespace tailcast::convert
