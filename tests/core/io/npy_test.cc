#include "core/io/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tailcast {
namespace {

using ::testing::HasSubstr;

// What numpy.save writes for a float32 array of shape (3, 4).
TEST(NpyHeaderTest, IsThatOfNumPy) {
  std::string expected("\x93NUMPY\x01\x00\x76\x00", 10);
  expected += "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }";
  expected.resize(127, ' ');
  expected += '\n';
  EXPECT_EQ(NpyHeader(ElementType::kFloat32, {3, 4}), expected);
}

TEST(NpyHeaderTest, ShapesOfNoneAndOneDimensionAreTuples) {
  EXPECT_THAT(NpyHeader(ElementType::kInt64, {7}),
              HasSubstr("'<i8', 'fortran_order': False, 'shape': (7,), }"));
  EXPECT_THAT(NpyHeader(ElementType::kFloat64, {}), HasSubstr("'shape': (), }"));
}

TEST(NpyHeaderTest, SizeIsAMultipleOf64AndSaysItself) {
  for (int64_t size = 1; size < int64_t{1} << 60; size *= 7) {
    const std::string header = NpyHeader(ElementType::kFloat32, {size, size});
    EXPECT_EQ(header.size() % 64, 0u);
    EXPECT_EQ(header.back(), '\n');
    const auto low = static_cast<uint8_t>(header[8]), high = static_cast<uint8_t>(header[9]);
    EXPECT_EQ(10u + low + 256u * high, header.size());
  }
}

TEST(NpyHeaderTest, SizeDependsOnTheDigitsOfTheShapeAlone) {
  EXPECT_EQ(NpyHeader(ElementType::kFloat32, {1000, 64}).size(),
            NpyHeader(ElementType::kFloat32, {9999, 10}).size());
}

TEST(NpyHeaderTest, EveryTypeHasItsLetter) {
  const std::vector<std::pair<ElementType, std::string>> types = {
      {ElementType::kFloat64, "'<f8'"}, {ElementType::kFloat32, "'<f4'"},
      {ElementType::kFloat16, "'<f2'"}, {ElementType::kBfloat16, "'<V2'"},
      {ElementType::kInt64, "'<i8'"},   {ElementType::kInt32, "'<i4'"},
      {ElementType::kInt16, "'<i2'"},   {ElementType::kInt8, "'|i1'"},
      {ElementType::kUint8, "'|u1'"},   {ElementType::kBool, "'|b1'"}};
  for (const auto& [type, text] : types) EXPECT_THAT(NpyHeader(type, {1}), HasSubstr(text));
}

}  // namespace
}  // namespace tailcast
