#include "core/contract/wire_type.h"

#include <bit>
#include <cstring>

// Wire and files are little endian; rows are copied, not turned.
static_assert(std::endian::native == std::endian::little, "a little-endian machine is needed");

namespace tailcast {
namespace {

constexpr uint32_t kSignBit = 0x80000000;
constexpr uint32_t kInfinity = 0x7F800000;
constexpr uint32_t kQuietBit = 0x00400000;

template <typename Convert>
void EncodeEach(absl::Span<const float> values, char* out, Convert convert) {
  for (size_t i = 0; i < values.size(); ++i) {
    const uint16_t bits = convert(values[i]);
    std::memcpy(out + i * sizeof(bits), &bits, sizeof(bits));
  }
}

template <typename Convert>
void DecodeEach(absl::string_view bytes, absl::Span<float> out, Convert convert) {
  for (size_t i = 0; i < out.size(); ++i) {
    uint16_t bits;
    std::memcpy(&bits, bytes.data() + i * sizeof(bits), sizeof(bits));
    out[i] = convert(bits);
  }
}

// Drops the low `shift` bits, rounding to nearest, ties to even.
constexpr uint32_t RoundShift(uint32_t value, uint32_t shift) {
  const uint32_t odd = value >> shift & 1;
  return (value + (uint32_t{1} << (shift - 1)) - 1 + odd) >> shift;
}

}  // namespace

size_t WireTypeSize(WireType type) {
  return type == WireType::kFloat32 ? sizeof(float) : sizeof(uint16_t);
}

void EncodeWire(absl::Span<const float> values, WireType type, char* out) {
  switch (type) {
    case WireType::kFloat32:
      if (!values.empty()) std::memcpy(out, values.data(), values.size() * sizeof(float));
      return;
    case WireType::kFloat16:
      return EncodeEach(values, out, FloatToHalf);
    case WireType::kBfloat16:
      return EncodeEach(values, out, FloatToBfloat16);
  }
}

void DecodeWire(absl::string_view bytes, WireType type, absl::Span<float> out) {
  switch (type) {
    case WireType::kFloat32:
      if (!out.empty()) std::memcpy(out.data(), bytes.data(), out.size() * sizeof(float));
      return;
    case WireType::kFloat16:
      return DecodeEach(bytes, out, HalfToFloat);
    case WireType::kBfloat16:
      return DecodeEach(bytes, out, Bfloat16ToFloat);
  }
}

uint16_t FloatToHalf(float value) {
  constexpr uint32_t kFractionBits = 23 - 10;
  constexpr uint32_t kMinNormal = 113 << 23;   // 2^-14
  constexpr uint32_t kMinRounded = 102 << 23;  // 2^-25: at most half of the smallest subnormal
  constexpr uint32_t kOverflow = 143 << 23;    // 2^16
  constexpr uint32_t kBiasDifference = (127 - 15) << 23;
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits & kSignBit) >> 16;
  const uint32_t magnitude = bits & ~kSignBit;
  uint32_t half;
  if (magnitude > kInfinity) {
    half = 0x7E00 | (magnitude >> kFractionBits & 0x3FF);  // quiet, with the payload's top
  } else if (magnitude >= kOverflow) {
    half = 0x7C00;
  } else if (magnitude >= kMinNormal) {
    half = RoundShift(magnitude - kBiasDifference, kFractionBits);  // may carry into infinity
  } else if (magnitude <= kMinRounded) {
    half = 0;
  } else {
    const uint32_t fraction = (magnitude & 0x7FFFFF) | 0x800000;
    half = RoundShift(fraction, 126 - (magnitude >> 23));
  }
  return static_cast<uint16_t>(sign | half);
}

float HalfToFloat(uint16_t bits) {
  const uint32_t sign = uint32_t{bits & 0x8000u} << 16;
  const uint32_t exponent = bits >> 10 & 0x1F, fraction = bits & 0x3FF;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
  }
  const uint32_t wide = exponent == 0x1F ? kInfinity : (exponent + 127 - 15) << 23;
  return std::bit_cast<float>(sign | wide | fraction << 13);
}

uint16_t FloatToBfloat16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const bool is_nan = (bits & ~kSignBit) > kInfinity;
  // Kept quiet: rounding could turn a NaN into infinity.
  return static_cast<uint16_t>(is_nan ? (bits | kQuietBit) >> 16 : RoundShift(bits, 16));
}

float Bfloat16ToFloat(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

}  // namespace tailcast
