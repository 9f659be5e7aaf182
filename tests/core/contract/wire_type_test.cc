#include "core/contract/wire_type.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace tailcast {
namespace {

constexpr uint32_t kPatterns = 1 << 16;

// One of the two 16-bit formats.
struct Format {
  uint16_t (*from_float)(float);
  float (*to_float)(uint16_t);
  int exponent_bits, fraction_bits;

  uint16_t infinity() const {
    return static_cast<uint16_t>(((1 << exponent_bits) - 1) << fraction_bits);
  }
};
constexpr Format kHalf = {FloatToHalf, HalfToFloat, 5, 10};
constexpr Format kBfloat16 = {FloatToBfloat16, Bfloat16ToFloat, 8, 7};

class WireTypeTest : public testing::TestWithParam<Format> {};
INSTANTIATE_TEST_SUITE_P(Formats, WireTypeTest, testing::Values(kHalf, kBfloat16),
                         [](const auto& info) { return info.index == 0 ? "Half" : "Bfloat16"; });

// The value of a pattern by the definition of IEEE 754, in binary64.
double ValueByDefinition(const Format& format, uint16_t bits) {
  const int bias = (1 << (format.exponent_bits - 1)) - 1;
  const int exponent = bits >> format.fraction_bits & ((1 << format.exponent_bits) - 1);
  const int fraction = bits & ((1 << format.fraction_bits) - 1);
  const double sign = bits >> 15 ? -1.0 : 1.0;
  const double one = std::ldexp(1.0, format.fraction_bits);
  if (exponent == (1 << format.exponent_bits) - 1) {
    return fraction == 0 ? sign * INFINITY : std::numeric_limits<double>::quiet_NaN();
  }
  if (exponent == 0) return sign * std::ldexp(fraction / one, 1 - bias);
  return sign * std::ldexp(1.0 + fraction / one, exponent - bias);
}

TEST_P(WireTypeTest, EveryPatternHasTheValueOfItsDefinition) {
  for (uint32_t bits = 0; bits < kPatterns; ++bits) {
    const double expected = ValueByDefinition(GetParam(), static_cast<uint16_t>(bits));
    const float actual = GetParam().to_float(static_cast<uint16_t>(bits));
    ASSERT_EQ(std::isnan(actual), std::isnan(expected)) << bits;
    ASSERT_TRUE(std::isnan(expected) || actual == expected) << bits;
    ASSERT_EQ(std::signbit(actual), bits >> 15 != 0) << bits;
  }
}

TEST_P(WireTypeTest, EveryPatternSurvivesTheRoundTrip) {
  for (uint32_t bits = 0; bits < kPatterns; ++bits) {
    const auto pattern = static_cast<uint16_t>(bits);
    const float value = GetParam().to_float(pattern);
    const uint16_t back = GetParam().from_float(value);
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(GetParam().to_float(back))) << bits;
      ASSERT_EQ(back >> 15, pattern >> 15) << bits;
    } else {
      ASSERT_EQ(back, pattern) << bits;
    }
  }
}

// Every midpoint between neighbours, and the floats beside it, of both signs.
TEST_P(WireTypeTest, ValuesBetweenNeighboursGoToTheNearestAndTiesToEven) {
  for (uint16_t low = 0; low < GetParam().infinity() - 1; ++low) {
    const auto high = static_cast<uint16_t>(low + 1);
    const double a = GetParam().to_float(low), b = GetParam().to_float(high);
    const auto middle = static_cast<float>((a + b) / 2);
    ASSERT_EQ(static_cast<double>(middle), (a + b) / 2);
    const uint16_t even = low % 2 == 0 ? low : high;
    ASSERT_EQ(GetParam().from_float(middle), even) << low;
    ASSERT_EQ(GetParam().from_float(-middle), even | 0x8000) << low;
    ASSERT_EQ(GetParam().from_float(std::nextafter(middle, 0.0f)), low) << low;
    ASSERT_EQ(GetParam().from_float(std::nextafter(middle, INFINITY)), high) << low;
  }
}

TEST_P(WireTypeTest, OverflowBecomesInfinityFromHalfAUnitAboveTheLargestValue) {
  const uint16_t infinity = GetParam().infinity(), largest = infinity - 1;
  const double top = GetParam().to_float(largest);
  const double unit = top - GetParam().to_float(largest - 1);
  const auto tie = static_cast<float>(top + unit / 2);
  EXPECT_EQ(GetParam().from_float(tie), infinity);
  EXPECT_EQ(GetParam().from_float(std::nextafter(tie, 0.0f)), largest);
  EXPECT_EQ(GetParam().from_float(std::numeric_limits<float>::max()), infinity);
  EXPECT_EQ(GetParam().from_float(-INFINITY), infinity | 0x8000);
}

TEST_P(WireTypeTest, EveryNanStaysNan) {
  for (uint32_t payload = 1; payload < 1 << 23; payload += 997) {
    for (const uint32_t sign : {0u, 0x80000000u}) {
      const auto nan = std::bit_cast<float>(sign | 0x7F800000 | payload);
      ASSERT_TRUE(std::isnan(GetParam().to_float(GetParam().from_float(nan)))) << payload;
    }
  }
  EXPECT_TRUE(
      std::isnan(GetParam().to_float(GetParam().from_float(std::bit_cast<float>(0x7FFFFFFF)))));
}

TEST_P(WireTypeTest, RoundingIsMonotoneAndNeverFartherThanANeighbour) {
  std::mt19937 rng(6);
  for (int i = 0; i < 2'000'000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<uint32_t>(rng()));
    if (!std::isfinite(value)) continue;
    const uint16_t bits = GetParam().from_float(value);
    const double rounded = GetParam().to_float(bits);
    if (std::isinf(rounded)) continue;
    const double error = std::abs(rounded - value);
    const auto magnitude = static_cast<uint16_t>(bits & 0x7FFF);
    const double above = std::abs(GetParam().to_float(static_cast<uint16_t>(magnitude + 1)));
    ASSERT_LE(error, std::abs(above - std::abs(static_cast<double>(value))));
    if (magnitude == 0) continue;
    const double below = GetParam().to_float(static_cast<uint16_t>(magnitude - 1));
    ASSERT_LE(error, std::abs(std::abs(static_cast<double>(value)) - below));
  }
}

#ifdef __FLT16_MANT_DIG__
TEST(WireTypeCompilerTest, HalfAgreesWithTheCompilersOwnType) {
  std::mt19937 rng(7);
  for (int i = 0; i < 1'000'000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<uint32_t>(rng()));
    if (std::isnan(value)) continue;
    ASSERT_EQ(FloatToHalf(value), std::bit_cast<uint16_t>(static_cast<_Float16>(value))) << value;
  }
}
#endif

TEST(WireTypeArrayTest, ArraysAreEncodedElementByElementInLittleEndian) {
  const std::vector<float> values = {1.0f, -2.5f, 0.1f};
  std::string bytes(6, '\0');
  EncodeWire(values, WireType::kBfloat16, bytes.data());
  EXPECT_EQ(bytes, std::string("\x80\x3f\x20\xc0\xcd\x3d", 6));
  EncodeWire(values, WireType::kFloat16, bytes.data());
  EXPECT_EQ(bytes, std::string("\x00\x3c\x00\xc1\x66\x2e", 6));
  std::string wide(12, '\0');
  EncodeWire(values, WireType::kFloat32, wide.data());
  EXPECT_EQ(wide.substr(0, 4), std::string("\x00\x00\x80\x3f", 4));
}

TEST(WireTypeArrayTest, DecodingIsTheExactInverse) {
  std::vector<float> values;
  for (int i = 0; i < 1000; ++i) values.push_back(static_cast<float>(i % 200 - 100) / 4);
  for (const WireType type : {WireType::kFloat32, WireType::kFloat16, WireType::kBfloat16}) {
    std::string bytes(values.size() * WireTypeSize(type), '\0');
    EncodeWire(values, type, bytes.data());
    std::vector<float> decoded(values.size());
    DecodeWire(bytes, type, absl::MakeSpan(decoded));
    if (type == WireType::kBfloat16) {
      for (float& value : values) value = Bfloat16ToFloat(FloatToBfloat16(value));
    }
    EXPECT_EQ(decoded, values);
  }
}

TEST(WireTypeArrayTest, NothingIsWrittenForNoValues) {
  EncodeWire({}, WireType::kFloat32, nullptr);
  DecodeWire({}, WireType::kFloat32, {});
}

}  // namespace
}  // namespace tailcast
