#include "core/io/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/files.h"

namespace tailcast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string LengthBytes(uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(length >> (8 * i)));
  return bytes;
}

std::string FileBytes(const std::string& header, const std::string& data = "") {
  return LengthBytes(header.size()) + header + data;
}

std::string Tensor(const std::string& name, const std::string& type, const std::string& shape,
                   const std::string& offsets) {
  return absl::StrCat("\"", name, "\":{\"dtype\":\"", type, "\",\"shape\":", shape,
                      ",\"data_offsets\":", offsets, "}");
}

std::string ErrorOf(const std::string& bytes) {
  const auto file = SafetensorsFile::Parse(bytes, "f.safetensors");
  if (file.ok()) return "no error";
  EXPECT_EQ(file.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(file.status().message()), HasSubstr("f.safetensors"));
  return std::string(file.status().message());
}

// Error of a file with one tensor "t" and eight bytes of data.
std::string ErrorOfTensor(const std::string& type, const std::string& shape,
                          const std::string& offsets) {
  return ErrorOf(FileBytes("{" + Tensor("t", type, shape, offsets) + "}", "01234567"));
}

TEST(SafetensorsTest, ReadsAFileWrittenByHand) {
  const auto file = SafetensorsFile::Parse(
      FileBytes("{\"__metadata__\":{\"k\":\"v\"}," + Tensor("b", "I32", "[1]", "[0,4]") + "," +
                    Tensor("a", "U8", "[2,2]", "[4,8]") + "}   ",
                "0123abcd"),
      "f");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->tensors().size(), 2u);
  EXPECT_EQ(file->tensors().at("a").data, "abcd");
  EXPECT_THAT(file->tensors().at("a").shape, ElementsAre(2, 2));
  EXPECT_EQ(file->tensors().at("b").type, ElementType::kInt32);
  EXPECT_THAT(file->metadata(), ElementsAre(Pair("k", "v")));
  EXPECT_EQ(file->what(), "f");
}

TEST(SafetensorsTest, ViewsSurviveMovesAndCopies) {
  const std::string bytes = FileBytes("{" + Tensor("t", "U8", "[1]", "[0,1]") + "}", "x");
  SafetensorsFile moved = *SafetensorsFile::Parse(bytes, "f");
  const SafetensorsFile copy = moved;
  const SafetensorsFile last = std::move(moved);
  EXPECT_EQ(last.tensors().at("t").data, "x");
  EXPECT_EQ(copy.tensors().at("t").data, "x");
}

TEST(SafetensorsTest, TensorsMayBeEmptyOrScalar) {
  const std::string header =
      "{" + Tensor("e", "F32", "[0,64]", "[0,0]") + "," + Tensor("s", "F64", "[]", "[0,8]") + "}";
  EXPECT_EQ(ErrorOf(FileBytes(header, "01234567")), "no error");
  EXPECT_EQ(ErrorOf(FileBytes("{}")), "no error");
}

TEST(SafetensorsTest, IsTruncatedAtEveryByteWithoutACrash) {
  const std::string bytes = FileBytes(
      "{\"__metadata__\":{\"k\":\"v\"}," + Tensor("t", "F32", "[2]", "[0,8]") + "}", "01234567");
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(ErrorOf(bytes.substr(0, size)), "no error") << size;
  }
  EXPECT_EQ(ErrorOf(bytes), "no error");
  EXPECT_THAT(ErrorOf(bytes + "x"), HasSubstr("1 bytes at its end belong to no tensor"));
}

TEST(SafetensorsTest, AHeaderLongerThanTheFileIsRefused) {
  for (const uint64_t length : {uint64_t{3}, uint64_t{1} << 32, uint64_t{1} << 63, ~uint64_t{0}}) {
    EXPECT_THAT(ErrorOf(LengthBytes(length) + "{}"), HasSubstr("hold no header"));
  }
}

TEST(SafetensorsTest, AHeaderIsReadUpToItsLimit) {
  // No JSON, so that parsing it costs nothing: what matters is whether it is tried.
  std::string header(kMaxSafetensorsHeaderBytes, 'x');
  EXPECT_THAT(ErrorOf(FileBytes(header)), HasSubstr("is not JSON"));
  header.push_back('x');
  EXPECT_THAT(ErrorOf(FileBytes(header)), HasSubstr("hold no header"));
}

TEST(SafetensorsTest, AHeaderThatIsNoJsonObjectIsRefused) {
  EXPECT_THAT(ErrorOf(FileBytes("{\"a\":")), HasSubstr("is not JSON"));
  EXPECT_THAT(ErrorOf(FileBytes("[]")), HasSubstr("no JSON object"));
  EXPECT_THAT(ErrorOf(FileBytes("")), HasSubstr("is not JSON"));
  EXPECT_THAT(ErrorOf(FileBytes("{\"__metadata__\":[]}")), HasSubstr("__metadata__ is no object"));
  EXPECT_THAT(ErrorOf(FileBytes("{\"__metadata__\":{\"k\":1}}")), HasSubstr("metadata 'k'"));
}

TEST(SafetensorsTest, TensorsThatOccurTwiceAreRefused) {
  const std::string tensor = Tensor("t", "U8", "[1]", "[0,1]");
  EXPECT_THAT(ErrorOf(FileBytes("{" + tensor + "," + tensor + "}", "x")),
              HasSubstr("'t' occurs twice"));
}

TEST(SafetensorsTest, UnknownTypesAreNamed) {
  EXPECT_THAT(ErrorOfTensor("F8_E4M3", "[8]", "[0,8]"), HasSubstr("unknown type 'F8_E4M3'"));
  EXPECT_THAT(ErrorOfTensor("f32", "[2]", "[0,8]"), HasSubstr("tensor 't' has the unknown type"));
  EXPECT_THAT(ErrorOf(FileBytes("{\"t\":{\"dtype\":1,\"shape\":[],\"data_offsets\":[0,0]}}")),
              HasSubstr("dtype that is a JSON number"));
}

TEST(SafetensorsTest, WrongMembersOfATensorAreRefused) {
  for (const char* tensor : {"1", "[]", "{}", "{\"dtype\":\"U8\",\"shape\":[]}",
                             "{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"x\":1}"}) {
    EXPECT_THAT(ErrorOf(FileBytes(absl::StrCat("{\"t\":", tensor, "}"), "x")),
                HasSubstr("must have dtype, shape and data_offsets alone"));
  }
}

TEST(SafetensorsTest, WrongShapesAreRefused) {
  for (const char* shape : {"8", "[-1]", "[1.5]", "[\"8\"]", "[18446744073709551615]", "{}"}) {
    EXPECT_THAT(ErrorOfTensor("U8", shape, "[0,8]"), HasSubstr("wrong shape")) << shape;
  }
  const std::string huge = "[4294967296,4294967296,2]";  // 2^65
  EXPECT_THAT(ErrorOfTensor("U8", huge, "[0,8]"), HasSubstr("has 8 bytes"));
}

TEST(SafetensorsTest, DimensionsAreAcceptedUpToTheirLimit) {
  std::string shape = "[8";
  for (size_t i = 1; i < kMaxSafetensorsRank; ++i) shape += ",1";
  EXPECT_EQ(ErrorOfTensor("U8", shape + "]", "[0,8]"), "no error");
  EXPECT_THAT(ErrorOfTensor("U8", shape + ",1]", "[0,8]"), HasSubstr("expected at most 16 sizes"));
}

TEST(SafetensorsTest, ASizeThatDiffersFromTheShapesIsNamed) {
  EXPECT_THAT(ErrorOfTensor("F32", "[3]", "[0,8]"),
              HasSubstr("tensor 't' of type F32 and shape [3] has 8 bytes"));
  EXPECT_THAT(ErrorOfTensor("F16", "[2]", "[0,8]"), HasSubstr("type F16 and shape [2]"));
}

TEST(SafetensorsTest, WrongOffsetsAreRefused) {
  for (const char* offsets : {"[0]", "[0,8,9]", "8", "[\"0\",8]", "[-8,0]", "[0,8.0]"}) {
    EXPECT_THAT(ErrorOfTensor("U8", "[8]", offsets), HasSubstr("wrong data_offsets")) << offsets;
  }
  for (const char* offsets : {"[0,9]", "[8,0]", "[9223372036854775807,9223372036854775807]"}) {
    EXPECT_THAT(ErrorOfTensor("U8", "[8]", offsets), HasSubstr("may be truncated")) << offsets;
  }
}

TEST(SafetensorsTest, OverlapsAndGapsAreRefused) {
  const auto two = [](const char* first, const char* second) {
    return ErrorOf(FileBytes(
        "{" + Tensor("a", "U8", "[4]", first) + "," + Tensor("b", "U8", "[4]", second) + "}",
        "012345678"));
  };
  EXPECT_THAT(two("[0,4]", "[3,7]"), HasSubstr("tensors overlap at byte 3"));
  EXPECT_THAT(two("[0,4]", "[0,4]"), HasSubstr("tensors overlap at byte 0"));
  EXPECT_THAT(two("[0,4]", "[5,9]"), HasSubstr("a gap at byte 5"));
  EXPECT_THAT(two("[1,5]", "[5,9]"), HasSubstr("a gap at byte 1"));
  EXPECT_THAT(two("[4,8]", "[0,4]"), HasSubstr("1 bytes at its end"));
}

TEST(SafetensorsTest, GetChecksTypeAndShape) {
  const auto file = SafetensorsFile::Parse(
      FileBytes("{" + Tensor("t", "F32", "[2,1]", "[0,8]") + "}", "01234567"), "f.safetensors");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->Get("t", ElementType::kFloat32, {2, 1})->data, "01234567");
  EXPECT_TRUE(file->Get("t", ElementType::kFloat32, {-1, 1}).ok());
  const auto message = [&](const char* name, ElementType type, const std::vector<int64_t>& shape) {
    const auto view = file->Get(name, type, shape);
    EXPECT_EQ(view.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(view.status().message());
  };
  EXPECT_EQ(message("u", ElementType::kFloat32, {2, 1}), "'f.safetensors' has no tensor 'u'");
  EXPECT_EQ(
      message("t", ElementType::kInt64, {-1}),
      "tensor 't' of 'f.safetensors' has type F32 and shape [2, 1]; expected I64 [-1] (-1: any)");
  EXPECT_NE(message("t", ElementType::kFloat32, {2, 2}), "");
  EXPECT_NE(message("t", ElementType::kFloat32, {2}), "");
  EXPECT_EQ(file->GetMetadata("k").status().message(), "'f.safetensors' has no metadata 'k'");
}

TEST(SafetensorsTest, AMissingFileIsNotFound) {
  EXPECT_EQ(SafetensorsFile::Read("/nowhere/f").status().code(), absl::StatusCode::kNotFound);
}

TEST(SafetensorsTest, ReadsFilesOfOthers) {
  const char* source = std::getenv("TAILCAST_SOURCE_DIR");
  const std::string path =
      absl::StrCat(source == nullptr ? "." : source,
                   "/../shared/data/features/cifar10-lt-if100-resnet32.safetensors");
  if (!PathExists(path)) GTEST_SKIP() << "no " << path;
  const auto file = SafetensorsFile::Read(path);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_TRUE(file->Get("test.features", ElementType::kFloat32, {10000, 64}).ok());
  EXPECT_TRUE(file->Get("classifier.weight", ElementType::kFloat32, {10, 64}).ok());
}

}  // namespace
}  // namespace tailcast
