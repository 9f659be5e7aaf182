#include "core/io/npy.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace tailcast {
namespace {

constexpr absl::string_view kMagic("\x93NUMPY\x01\x00", 8);
constexpr size_t kAlignment = 64;

absl::string_view TypeText(ElementType type) {
  switch (type) {
    case ElementType::kFloat64:
      return "<f8";
    case ElementType::kFloat32:
      return "<f4";
    case ElementType::kFloat16:
      return "<f2";
    case ElementType::kBfloat16:  // NumPy has no such type: two raw bytes, as ml_dtypes writes it
      return "<V2";
    case ElementType::kInt64:
      return "<i8";
    case ElementType::kInt32:
      return "<i4";
    case ElementType::kInt16:
      return "<i2";
    case ElementType::kInt8:
      return "|i1";
    case ElementType::kUint8:
      return "|u1";
    case ElementType::kBool:
      return "|b1";
  }
  return "|V1";
}

}  // namespace

std::string NpyHeader(ElementType type, const std::vector<int64_t>& shape) {
  const absl::string_view comma = shape.size() == 1 ? "," : "";
  std::string text =
      absl::StrCat("{'descr': '", TypeText(type), "', 'fortran_order': False, 'shape': (",
                   absl::StrJoin(shape, ", "), comma, "), }");
  const size_t unpadded = kMagic.size() + sizeof(uint16_t) + text.size() + 1;
  text.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  text.push_back('\n');
  std::string header(kMagic);
  header.push_back(static_cast<char>(text.size() & 0xFF));
  header.push_back(static_cast<char>(text.size() >> 8));
  return header + text;
}

}  // namespace tailcast
