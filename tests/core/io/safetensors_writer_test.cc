#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "core/base/digest.h"
#include "core/io/safetensors.h"

namespace tailcast {
namespace {

using ::testing::HasSubstr;

using Tensors = std::map<std::string, TensorView>;

std::string ErrorOf(const absl::StatusOr<std::string>& bytes) {
  if (bytes.ok()) return "no error";
  EXPECT_EQ(bytes.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(bytes.status().message());
}

TEST(SafetensorsWriterTest, BytesAreThoseOfTheFormat) {
  const auto bytes = SerializeSafetensors({{"t", {ElementType::kUint8, {2}, "xy"}}}, {{"k", "v"}});
  const std::string header =
      R"({"__metadata__":{"k":"v"},"t":{"data_offsets":[0,2],"dtype":"U8","shape":[2]}})";
  std::string padded = header;
  padded.resize((header.size() + 7) / 8 * 8, ' ');
  EXPECT_EQ(*bytes, std::string(1, static_cast<char>(padded.size())) + std::string(7, '\0') +
                        padded + "xy");
}

TEST(SafetensorsWriterTest, RandomTensorsComeBack) {
  std::mt19937 rng(10);
  constexpr ElementType kTypes[] = {
      ElementType::kFloat64, ElementType::kFloat32, ElementType::kFloat16, ElementType::kBfloat16,
      ElementType::kInt64,   ElementType::kInt32,   ElementType::kInt16,   ElementType::kInt8,
      ElementType::kUint8,   ElementType::kBool};
  for (int round = 0; round < 50; ++round) {
    std::map<std::string, std::string> data;
    Tensors tensors;
    for (size_t i = 0; i < rng() % 8; ++i) {
      TensorView view = {.type = kTypes[rng() % 10], .shape = {}, .data = {}};
      for (size_t d = rng() % 4; d > 0; --d) view.shape.push_back(rng() % 5);
      const std::string name = "layer." + std::to_string(rng() % 100) + ".w\"\xc3\xa9";
      std::string& bytes = data[name];
      bytes.assign(static_cast<size_t>(*TensorBytes(view.type, view.shape)), '\0');
      for (char& byte : bytes) byte = static_cast<char>(rng());
      view.data = bytes;
      tensors[name] = view;
    }
    const Metadata metadata = {{"address", "tc1-\"x\""}, {"n", std::to_string(round)}};
    const auto file = SafetensorsFile::Parse(*SerializeSafetensors(tensors, metadata), "f");
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(file->metadata(), metadata);
    ASSERT_EQ(file->tensors().size(), tensors.size());
    for (const auto& [name, view] : tensors) {
      const auto read = file->Get(name, view.type, view.shape);
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(read->data, view.data);
    }
  }
}

TEST(SafetensorsWriterTest, DataBeginsAtAMultipleOfEightInOrderOfName) {
  for (const char* name : {"a", "ab", "abc", "abcdefgh"}) {
    const Tensors tensors = {{name, {ElementType::kFloat32, {3}, {}}},
                             {"z", {ElementType::kInt64, {1}, {}}}};
    const std::string header = *SafetensorsHeader(tensors, {});
    EXPECT_EQ(header.size() % 8, 0u);
    const auto file = SafetensorsFile::Parse(header + "0123456789ab" + "zzzzzzzz", "f");
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(file->tensors().at("z").data, "zzzzzzzz");
  }
}

TEST(SafetensorsWriterTest, HeaderAndDataAreTheWholeFile) {
  const Tensors tensors = {{"a", {ElementType::kUint8, {2}, "ab"}},
                           {"b", {ElementType::kUint8, {1}, "c"}}};
  EXPECT_EQ(*SafetensorsHeader(tensors, {}) + "abc", *SerializeSafetensors(tensors, {}));
}

TEST(SafetensorsWriterTest, DataMustFitTheShape) {
  const Tensors wrong = {{"t", {ElementType::kFloat32, {2}, "1234567"}}};
  for (const auto& bytes :
       {SerializeSafetensors(wrong, {}), SerializeSealedSafetensors(wrong, {})}) {
    EXPECT_THAT(ErrorOf(bytes), HasSubstr("tensor 't' has 7 bytes; expected 8"));
  }
}

TEST(SafetensorsWriterTest, ImpossibleTensorsAreRefused) {
  const int64_t huge = int64_t{1} << 40;
  EXPECT_THAT(ErrorOf(SafetensorsHeader({{"t", {ElementType::kUint8, {huge, huge}, {}}}}, {})),
              HasSubstr("too large"));
  EXPECT_THAT(ErrorOf(SafetensorsHeader({{"t", {ElementType::kUint8, {-1}, {}}}}, {})),
              HasSubstr("negative"));
  EXPECT_THAT(ErrorOf(SafetensorsHeader({{"__metadata__", {ElementType::kUint8, {1}, {}}}}, {})),
              HasSubstr("tensor '__metadata__' has a reserved name"));
  const std::vector<int64_t> long_shape(kMaxSafetensorsRank + 1, 1);
  EXPECT_THAT(ErrorOf(SafetensorsHeader({{"t", {ElementType::kUint8, long_shape, {}}}}, {})),
              HasSubstr("tensor 't' has 17 dimensions; expected at most 16"));
  const TensorView half = {ElementType::kUint8, {int64_t{1} << 62}, {}};
  EXPECT_THAT(ErrorOf(SafetensorsHeader({{"a", half}, {"b", half}}, {})), HasSubstr("2^63"));
}

TEST(SafetensorsWriterTest, HeadersAreWrittenUpToTheirLimit) {
  const std::string around = R"({"__metadata__":{"k":""}})";
  std::string text(static_cast<size_t>(kMaxSafetensorsHeaderBytes) - around.size(), 'x');
  EXPECT_EQ(ErrorOf(SafetensorsHeader({}, {{"k", text}})), "no error");
  text.push_back('x');
  EXPECT_THAT(ErrorOf(SafetensorsHeader({}, {{"k", text}})),
              HasSubstr("16777224 bytes; expected at most 16777216"));
}

TEST(SafetensorsWriterTest, NamesThatAreNotUtf8AreRefused) {
  EXPECT_NE(ErrorOf(SafetensorsHeader({{"\xff", {ElementType::kUint8, {1}, {}}}}, {})), "no error");
  EXPECT_NE(ErrorOf(SafetensorsHeader({}, {{"k", "\xff"}})), "no error");
}

TEST(SealedSafetensorsTest, TheSealIsTheDigestOfTheFileWithoutIt) {
  const Tensors tensors = {{"t", {ElementType::kUint8, {2}, "xy"}}};
  const Metadata metadata = {{"k", "v"}};
  const std::string plain = *SerializeSafetensors(tensors, metadata);
  const std::string sealed = *SerializeSealedSafetensors(tensors, metadata);
  Metadata with_seal = metadata;
  with_seal["content_sha256"] = ToHex(Sha256Of(plain));
  EXPECT_EQ(sealed, *SerializeSafetensors(tensors, with_seal));

  const auto file = SafetensorsFile::Parse(sealed, "f");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_TRUE(file->is_sealed());
  EXPECT_EQ(file->metadata(), metadata);
  EXPECT_FALSE(SafetensorsFile::Parse(plain, "f")->is_sealed());
}

TEST(SealedSafetensorsTest, AnyFlippedBitOfTheDataOrMetadataIsDamage) {
  const std::string data = "0123456789abcdef";
  const Tensors tensors = {{"t", {ElementType::kFloat32, {4}, data}}};
  const std::string good = *SerializeSealedSafetensors(tensors, {{"dataset", "toy"}});
  const size_t value = good.find("toy");
  std::vector<size_t> places = {value, value + 1, value + 2};
  for (size_t i = good.size() - data.size(); i < good.size(); ++i) places.push_back(i);
  for (const size_t place : places) {
    std::string bad = good;
    bad[place] = static_cast<char>(bad[place] ^ (1 << (place % 7)));
    const auto file = SafetensorsFile::Parse(bad, "f.safetensors");
    ASSERT_EQ(file.status().code(), absl::StatusCode::kInvalidArgument) << place;
    EXPECT_THAT(std::string(file.status().message()),
                HasSubstr("'f.safetensors' is damaged or was changed: its content has the SHA-256"))
        << place;
  }
}

TEST(SealedSafetensorsTest, AFileThatIsReadCanBeSealedAgain) {
  const Tensors tensors = {{"t", {ElementType::kUint8, {2}, "xy"}}};
  const std::string sealed = *SerializeSealedSafetensors(tensors, {});
  EXPECT_EQ(*SerializeSealedSafetensors(tensors, {{"content_sha256", "of another content"}}),
            sealed);
}

TEST(SealedSafetensorsTest, AnotherLayoutOfTheSameContentFitsTheSeal) {
  const Tensors tensors = {{"t", {ElementType::kUint8, {2}, "xy"}}};
  const std::string seal = ToHex(*ContentDigest(tensors, {}));
  const std::string header = R"({ "t": {"dtype":"U8","shape":[2],"data_offsets":[0,2]}, )"
                             R"("__metadata__":{"content_sha256":")" +
                             seal + R"("}})";
  const std::string length = {static_cast<char>(header.size()), 0, 0, 0, 0, 0, 0, 0};
  const auto file = SafetensorsFile::Parse(length + header + "xy", "f");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_TRUE(file->is_sealed());
}

}  // namespace
}  // namespace tailcast
