#include "core/base/digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "core/base/files.h"
#include "tests/core/base/scratch_folder.h"

namespace tailcast {
namespace {

using ::testing::HasSubstr;

// FIPS 180-4 examples.
TEST(DigestTest, MeetsTheStandardsExamples) {
  EXPECT_EQ(ToHex(Sha256Of("")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(ToHex(Sha256Of("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(ToHex(Sha256Of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(ToHex(Sha256Of(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(DigestTest, PiecesGiveTheDigestOfTheWhole) {
  const std::string text(1000, 'x');
  Sha256 hash;
  for (size_t i = 0; i < text.size(); i += 7) hash.Update(text.substr(i, 7));
  Sha256 moved = std::move(hash);
  EXPECT_EQ(moved.Finish(), Sha256Of(text));
}

TEST(DigestTest, OfAFileIsThatOfItsBytes) {
  const ScratchFolder folder;
  const std::string contents(3'000'000, 'y');
  ASSERT_TRUE(WriteFileAtomically(folder.File("f"), contents).ok());
  EXPECT_EQ(*Sha256OfFile(folder.File("f")), Sha256Of(contents));
}

TEST(DigestTest, UnreadableFilesAreNamed) {
  const ScratchFolder folder;
  const auto missing = Sha256OfFile(folder.File("none"));
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr(folder.File("none")));
  const auto not_a_file = Sha256OfFile(folder.path());
  EXPECT_EQ(not_a_file.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(not_a_file.status().message()), HasSubstr(folder.path()));
}

TEST(DigestTest, HexIsReadBackInEitherCase) {
  const Digest digest = Sha256Of("abc");
  std::string hex = ToHex(digest);
  EXPECT_EQ(*DigestFromHex(hex), digest);
  for (char& c : hex) c = static_cast<char>(toupper(c));
  EXPECT_EQ(*DigestFromHex(hex), digest);
}

TEST(DigestTest, WrongHexIsRefused) {
  const std::string hex = ToHex(Sha256Of("abc"));
  EXPECT_FALSE(DigestFromHex("").ok());
  EXPECT_FALSE(DigestFromHex(hex.substr(1)).ok());
  EXPECT_FALSE(DigestFromHex(hex + "0").ok());
  for (const char wrong : {'g', 'G', '/', ':', '@', '`', ' ', '\0', '\xff'}) {
    std::string text = hex;
    text[13] = wrong;
    EXPECT_EQ(DigestFromHex(text).status().code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
}

TEST(DigestTest, BytesAreReadBackAndMustBe32) {
  const Digest digest = Sha256Of("abc");
  EXPECT_EQ(*DigestFromBytes(ToBytes(digest)), digest);
  EXPECT_FALSE(DigestFromBytes("").ok());
  EXPECT_FALSE(DigestFromBytes(std::string(31, 'x')).ok());
  EXPECT_THAT(std::string(DigestFromBytes(std::string(33, 'x')).status().message()),
              HasSubstr("33 bytes; expected 32"));
}

}  // namespace
}  // namespace tailcast
