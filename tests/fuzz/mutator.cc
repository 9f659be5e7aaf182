#include "tests/fuzz/mutator.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace tailcast {
namespace {

constexpr size_t kMaxChanges = 8;
constexpr size_t kMaxInputBytes = size_t{1} << 16;

// Where parsers count wrong.
constexpr std::array<uint64_t, 12> kEdges = {0,
                                             1,
                                             0x7F,
                                             0x80,
                                             0xFF,
                                             0x7FFFFFFF,
                                             0x80000000,
                                             0xFFFFFFFF,
                                             0x7FFFFFFFFFFFFFFF,
                                             0x8000000000000000,
                                             0xFFFFFFFFFFFFFFF8,
                                             0xFFFFFFFFFFFFFFFF};

// What text formats are made of.
constexpr std::array<const char*, 20> kTokens = {
    "-", ".", "e", "0", "9", ":",   ",",   "=",    "\"",    "\\",
    "[", "]", "{", "}", " ", "nan", "inf", "null", "1e999", "9223372036854775808"};

}  // namespace

void Mutator::OverwriteNumber(std::string& bytes) {
  const uint64_t number = kEdges[Below(kEdges.size())];
  const size_t width = size_t{1} << Below(4), at = Below(bytes.size());
  const bool big_endian = Below(2) == 1;
  for (size_t i = 0; i < width && at + i < bytes.size(); ++i) {
    const size_t shift = 8 * (big_endian ? width - 1 - i : i);
    bytes[at + i] = static_cast<char>(number >> shift);
  }
}

void Mutator::Change(std::string& bytes) {
  const size_t at = Below(bytes.size() + 1), length = Below(std::min<size_t>(32, bytes.size())) + 1;
  switch (Below(8)) {
    case 0:
      if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ 1 << Below(8));
      return;
    case 1:
      if (at < bytes.size()) bytes[at] = static_cast<char>(rng_());
      return;
    case 2:
      bytes.erase(at, length);
      return;
    case 3:
      bytes.insert(at, bytes.substr(Below(bytes.size()), length));
      return;
    case 4:
      bytes.insert(at, kTokens[Below(kTokens.size())]);
      return;
    case 5:
      bytes.resize(at);
      return;
    case 6: {
      const std::string& other = inputs_[Below(inputs_.size())];
      bytes = bytes.substr(0, at) + other.substr(Below(other.size() + 1));
      return;
    }
    default:
      OverwriteNumber(bytes);
  }
}

std::string Mutator::Next() {
  std::string bytes = inputs_[Below(inputs_.size())];
  for (size_t changes = Below(kMaxChanges) + 1; changes > 0; --changes) Change(bytes);
  if (bytes.size() > kMaxInputBytes) bytes.resize(kMaxInputBytes);
  return bytes;
}

}  // namespace tailcast
