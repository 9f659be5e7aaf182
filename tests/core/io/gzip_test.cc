#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/io/idx.h"
#include "tests/core/io/gzip_bytes.h"

namespace tailcast {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kAmple = int64_t{1} << 30;

std::string RandomBytes(size_t size) {
  std::mt19937 rng(9);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(rng());
  return bytes;
}

std::string ErrorOf(const absl::StatusOr<std::string>& bytes) {
  if (bytes.ok()) return "no error";
  EXPECT_EQ(bytes.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(bytes.status().message());
}

TEST(GunzipTest, GivesTheBytesBack) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{1} << 20, size_t{5'000'001}}) {
    const std::string bytes = RandomBytes(size);
    EXPECT_EQ(*Gunzip(GzipBytes(bytes), "f", kAmple), bytes);
  }
}

TEST(GunzipTest, SeveralMembersAreOneStream) {
  EXPECT_EQ(*Gunzip(GzipBytes("one ") + GzipBytes("") + GzipBytes("two"), "f", kAmple), "one two");
}

TEST(GunzipTest, IsTruncatedAtEveryByteWithoutACrash) {
  const std::string packed = GzipBytes(RandomBytes(300));
  for (size_t size = 0; size < packed.size(); ++size) {
    EXPECT_THAT(ErrorOf(Gunzip(packed.substr(0, size), "f.gz", kAmple)), HasSubstr("truncated"))
        << size;
  }
}

TEST(GunzipTest, EveryFlippedByteOfTheDataIsNoticed) {
  const std::string packed = GzipBytes(RandomBytes(300));
  constexpr size_t kHeaderBytes = 10;  // its time and system are not checked
  for (size_t i = kHeaderBytes; i < packed.size(); ++i) {
    std::string damaged = packed;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    EXPECT_NE(ErrorOf(Gunzip(damaged, "f.gz", kAmple)), "no error") << i;
  }
}

TEST(GunzipTest, RubbishAfterTheStreamIsNoticed) {
  EXPECT_THAT(ErrorOf(Gunzip(GzipBytes("x") + "rubbish", "f.gz", kAmple)), HasSubstr("damaged"));
}

TEST(GunzipTest, IsUnpackedUpToTheLimit) {
  const std::string packed = GzipBytes(std::string(3'000'000, 'x'));
  EXPECT_TRUE(Gunzip(packed, "f.gz", /*max_bytes=*/3'000'000).ok());
  EXPECT_THAT(ErrorOf(Gunzip(packed, "f.gz", /*max_bytes=*/2'999'999)),
              HasSubstr("more than 2999999 bytes"));
  EXPECT_THAT(ErrorOf(Gunzip(packed, "f.gz", /*max_bytes=*/0)), HasSubstr("more than 0 bytes"));
}

}  // namespace
}  // namespace tailcast
