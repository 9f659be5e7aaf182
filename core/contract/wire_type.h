#ifndef TAILCAST_CORE_CONTRACT_WIRE_TYPE_H_
#define TAILCAST_CORE_CONTRACT_WIRE_TYPE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tailcast {

// Type of features on the wire. A row is its float32 bytes; the others are rounded from those, to
// nearest even.
enum class WireType { kFloat32, kFloat16, kBfloat16 };

size_t WireTypeSize(WireType type);

// float32 -> little-endian bytes of `type`. NaN stays NaN, overflow becomes infinity.
// REQUIRES: out has values.size() * WireTypeSize(type) bytes.
void EncodeWire(absl::Span<const float> values, WireType type, char* out);

// The inverse; exact. REQUIRES: bytes.size() == out.size() * WireTypeSize(type).
void DecodeWire(absl::string_view bytes, WireType type, absl::Span<float> out);

uint16_t FloatToHalf(float value);
float HalfToFloat(uint16_t bits);
uint16_t FloatToBfloat16(float value);
float Bfloat16ToFloat(uint16_t bits);

}  // namespace tailcast

#endif  // TAILCAST_CORE_CONTRACT_WIRE_TYPE_H_
