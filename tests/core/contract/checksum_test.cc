#include "core/contract/checksum.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <random>
#include <string>
#include <vector>

namespace tailcast {
namespace {

struct Rows {
  std::vector<int64_t> index;
  std::vector<int32_t> classes;
  std::string payload;
  size_t row_bytes;

  std::string ClassBytes() const {
    return std::string(reinterpret_cast<const char*>(classes.data()),
                       classes.size() * sizeof(int32_t));
  }
  std::string Row(size_t i) const { return payload.substr(i * row_bytes, row_bytes); }
  uint64_t Sum(size_t begin, size_t end) const {
    const absl::string_view bytes = payload;
    return RowChecksumSum(absl::MakeSpan(index).subspan(begin, end - begin),
                          absl::MakeSpan(classes).subspan(begin, end - begin),
                          bytes.substr(begin * row_bytes, (end - begin) * row_bytes));
  }
};

Rows RandomRows(size_t count, size_t row_bytes) {
  std::mt19937_64 rng(5);
  Rows rows = {.index = {}, .classes = {}, .payload = {}, .row_bytes = row_bytes};
  for (size_t i = 0; i < count; ++i) {
    rows.index.push_back(static_cast<int64_t>(rng() >> 1));
    rows.classes.push_back(static_cast<int32_t>(rng() % 1000));
  }
  for (size_t i = 0; i < count * row_bytes; ++i) rows.payload.push_back(static_cast<char>(rng()));
  return rows;
}

TEST(ChecksumTest, OfAChunkIsXxh3OfClassesThenPayloadSeededWithItsFirstRow) {
  for (const size_t count : {size_t{0}, size_t{1}, size_t{7}, size_t{1000}}) {
    const Rows rows = RandomRows(count, 256);
    const std::string bytes = rows.ClassBytes() + rows.payload;
    for (const int64_t first : {int64_t{0}, int64_t{1} << 40, INT64_MAX}) {
      EXPECT_EQ(ChunkChecksum(first, rows.ClassBytes(), rows.payload),
                XXH3_64bits_withSeed(bytes.data(), bytes.size(), static_cast<uint64_t>(first)));
    }
  }
}

TEST(ChecksumTest, OfARowIsXxh3OfClassThenBytesSeededWithItsIndex) {
  for (const size_t row_bytes : {4, 100, 2048, 2049, 8192}) {
    const Rows rows = RandomRows(20, row_bytes);
    for (size_t i = 0; i < 20; ++i) {
      std::string bytes;
      for (int byte = 0; byte < 4; ++byte) {
        bytes.push_back(static_cast<char>(rows.classes[i] >> (8 * byte)));
      }
      bytes += rows.Row(i);
      EXPECT_EQ(
          RowChecksum(rows.index[i], rows.classes[i], rows.Row(i)),
          XXH3_64bits_withSeed(bytes.data(), bytes.size(), static_cast<uint64_t>(rows.index[i])))
          << row_bytes;
    }
  }
}

TEST(ChecksumTest, SumAddsUpOverAnySplit) {
  const Rows rows = RandomRows(50, 64);
  uint64_t one_by_one = 0;
  for (size_t i = 0; i < 50; ++i) {
    one_by_one += RowChecksum(rows.index[i], rows.classes[i], rows.Row(i));
  }
  EXPECT_EQ(rows.Sum(0, 50), one_by_one);
  for (size_t split = 0; split <= 50; ++split) {
    EXPECT_EQ(rows.Sum(0, split) + rows.Sum(split, 50), one_by_one);
  }
}

TEST(ChecksumTest, AMisplacedChunkOrRowIsNoticed) {
  const Rows rows = RandomRows(2, 64);
  EXPECT_NE(ChunkChecksum(0, rows.ClassBytes(), rows.payload),
            ChunkChecksum(1, rows.ClassBytes(), rows.payload));
  EXPECT_NE(RowChecksum(0, 1, rows.Row(0)), RowChecksum(1, 1, rows.Row(0)));
  EXPECT_NE(RowChecksum(0, 1, rows.Row(0)), RowChecksum(0, 2, rows.Row(0)));
}

TEST(ChecksumTest, EveryFlippedBitOfAChunkIsNoticed) {
  Rows rows = RandomRows(3, 16);
  const uint64_t checksum = ChunkChecksum(9, rows.ClassBytes(), rows.payload);
  for (size_t bit = 0; bit < 8 * rows.payload.size(); ++bit) {
    rows.payload[bit / 8] = static_cast<char>(rows.payload[bit / 8] ^ 1 << bit % 8);
    EXPECT_NE(ChunkChecksum(9, rows.ClassBytes(), rows.payload), checksum);
    rows.payload[bit / 8] = static_cast<char>(rows.payload[bit / 8] ^ 1 << bit % 8);
  }
}

}  // namespace
}  // namespace tailcast
