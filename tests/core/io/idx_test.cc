#include "core/io/idx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/files.h"
#include "tests/core/base/scratch_folder.h"
#include "tests/core/io/gzip_bytes.h"

namespace tailcast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string IdxBytes(const std::vector<uint32_t>& shape, const std::string& data) {
  std::string bytes = {'\0', '\0', '\x08', static_cast<char>(shape.size())};
  for (const uint32_t size : shape) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(size >> shift));
  }
  return bytes + data;
}

std::string ErrorOf(const absl::StatusOr<ByteArray>& array) {
  if (array.ok()) return "no error";
  EXPECT_EQ(array.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(array.status().message()), HasSubstr("f.idx"));
  return std::string(array.status().message());
}

TEST(ParseIdxTest, ReadsShapeAndData) {
  const auto array = ParseIdx(IdxBytes({2, 3}, "abcdef"), "f.idx");
  ASSERT_TRUE(array.ok()) << array.status();
  EXPECT_THAT(array->shape, ElementsAre(2, 3));
  EXPECT_EQ(array->data, "abcdef");
}

TEST(ParseIdxTest, AnArrayMayBeEmpty) {
  EXPECT_EQ(ParseIdx(IdxBytes({0, 28, 28}, ""), "f.idx")->data, "");
}

TEST(ParseIdxTest, SizesOfOver65535AreReadBigEndian) {
  EXPECT_THAT(ParseIdx(IdxBytes({0x00010203}, std::string(0x010203, 'x')), "f.idx")->shape,
              ElementsAre(0x010203));
}

TEST(ParseIdxTest, WrongMagicIsRefused) {
  std::string good = IdxBytes({2}, "ab");
  for (size_t i = 0; i < 3; ++i) {
    std::string bytes = good;
    bytes[i] = '\x0d';  // 0x0d as third byte: floats
    EXPECT_THAT(ErrorOf(ParseIdx(bytes, "f.idx")), HasSubstr("wrong magic number"));
  }
  EXPECT_THAT(ErrorOf(ParseIdx(IdxBytes({}, "a"), "f.idx")), HasSubstr("wrong magic number"));
}

TEST(ParseIdxTest, IsTruncatedAtEveryByteWithoutACrash) {
  const std::string bytes = IdxBytes({2, 3}, "abcdef");
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(ErrorOf(ParseIdx(bytes.substr(0, size), "f.idx")), "no error") << size;
  }
}

TEST(ParseIdxTest, ASizeThatDiffersFromTheHeaderNamesBoth) {
  EXPECT_THAT(ErrorOf(ParseIdx(IdxBytes({2, 3}, "abcdefg"), "f.idx")),
              HasSubstr("it has 7 bytes of data; its header says 2 x 3"));
}

TEST(ParseIdxTest, SizesThatOverflowAreRefused) {
  const uint32_t huge = 0xFFFFFFFF;
  EXPECT_NE(ErrorOf(ParseIdx(IdxBytes({huge, huge, huge}, ""), "f.idx")), "no error");
  EXPECT_NE(ErrorOf(ParseIdx(IdxBytes({1u << 31, 1u << 31, 4}, ""), "f.idx")), "no error");
}

class ReadIdxTest : public testing::Test {
 protected:
  absl::StatusOr<ByteArray> ReadBack(const std::string& bytes, int64_t max_bytes = 1 << 20) {
    EXPECT_TRUE(WriteFileAtomically(folder_.File("f.idx"), bytes).ok());
    return ReadIdx(folder_.File("f.idx"), max_bytes);
  }
  ScratchFolder folder_;
};

TEST_F(ReadIdxTest, PlainAndPackedFilesAreTheSame) {
  const std::string bytes = IdxBytes({3}, "abc");
  EXPECT_EQ(ReadBack(bytes)->data, "abc");
  EXPECT_EQ(ReadBack(GzipBytes(bytes))->data, "abc");
}

TEST_F(ReadIdxTest, DamageAndTruncationNameTheFile) {
  const std::string packed = GzipBytes(IdxBytes({1000}, std::string(1000, 'x')));
  EXPECT_THAT(ErrorOf(ReadBack(packed.substr(0, packed.size() / 2))), HasSubstr("truncated"));
  std::string damaged = packed;
  damaged[packed.size() - 6] ^= 1;
  EXPECT_THAT(ErrorOf(ReadBack(damaged)), HasSubstr("damaged"));
  EXPECT_THAT(ErrorOf(ReadBack("no IDX file")), HasSubstr("wrong magic number"));
  EXPECT_NE(ErrorOf(ReadBack("")), "no error");
}

TEST_F(ReadIdxTest, FilesAreReadUpToTheLimit) {
  const std::string bytes = IdxBytes({5000}, std::string(5000, 'x'));
  const auto size = static_cast<int64_t>(bytes.size());
  EXPECT_EQ(ErrorOf(ReadBack(bytes, size)), "no error");
  EXPECT_THAT(ErrorOf(ReadBack(bytes, size - 1)), HasSubstr("too large"));
  EXPECT_EQ(ErrorOf(ReadBack(GzipBytes(bytes), size)), "no error");
  EXPECT_THAT(ErrorOf(ReadBack(GzipBytes(bytes), size - 1)), HasSubstr("more than"));
}

TEST_F(ReadIdxTest, APackedFileIsUnpackedNoFurtherThanItsHeaderSays) {
  const std::string bytes = IdxBytes({5000}, std::string(1 << 20, 'x'));
  EXPECT_THAT(ErrorOf(ReadBack(GzipBytes(bytes), int64_t{1} << 40)),
              HasSubstr("unpacked it has more than 5008 bytes"));
  const std::string huge = IdxBytes({1u << 30, 2}, "x");
  EXPECT_THAT(ErrorOf(ReadBack(GzipBytes(huge))),
              HasSubstr("its header says 1073741824 x 2, which is more than 1048576 bytes"));
  const std::string shorter = IdxBytes({5000}, std::string(4999, 'x'));
  EXPECT_THAT(ErrorOf(ReadBack(GzipBytes(shorter))),
              HasSubstr("it has 4999 bytes of data; its header says 5000"));
  EXPECT_THAT(ErrorOf(ReadBack(GzipBytes("no IDX file"))), HasSubstr("wrong magic number"));
}

TEST_F(ReadIdxTest, AMissingFileIsNotFound) {
  EXPECT_EQ(ReadIdx(folder_.File("none")).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ReadIdxTest, ReadsFashionMnist) {
  const std::string folder = "/usr/share/datasets/fashion-mnist/";
  if (!PathExists(folder)) GTEST_SKIP() << "package dataset-fashion-mnist is not installed";
  const auto images = ReadIdx(folder + "t10k-images-idx3-ubyte.gz");
  const auto labels = ReadIdx(folder + "t10k-labels-idx1-ubyte.gz");
  ASSERT_TRUE(images.ok() && labels.ok()) << images.status() << labels.status();
  EXPECT_THAT(images->shape, ElementsAre(10000, 28, 28));
  EXPECT_EQ(images->data.size(), 7'840'000u);
  std::vector<int> counts(10);
  for (const char label : labels->data) ++counts.at(static_cast<size_t>(label));
  EXPECT_EQ(counts, std::vector<int>(10, 1000));
  EXPECT_EQ(labels->data.substr(0, 5), std::string("\x09\x02\x01\x01\x06"));
}

}  // namespace
}  // namespace tailcast
