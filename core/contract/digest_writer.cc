#include "core/contract/digest_writer.h"

#include <bit>

#include "absl/strings/str_cat.h"

namespace tailcast {

DigestWriter::DigestWriter(absl::string_view domain) {
  hash_.Update(absl::StrCat("tailcast.", domain));
  hash_.Update(absl::string_view("\0", 1));
}

DigestWriter& DigestWriter::U32(uint32_t value) {
  char bytes[4];
  for (int i = 0; i < 4; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  hash_.Update({bytes, sizeof(bytes)});
  return *this;
}

DigestWriter& DigestWriter::U64(uint64_t value) {
  return U32(static_cast<uint32_t>(value)).U32(static_cast<uint32_t>(value >> 32));
}

DigestWriter& DigestWriter::F64(double value) {
  return U64(std::bit_cast<uint64_t>(value == 0.0 ? 0.0 : value));
}

DigestWriter& DigestWriter::Text(absl::string_view text) {
  U32(static_cast<uint32_t>(text.size()));
  hash_.Update(text);
  return *this;
}

DigestWriter& DigestWriter::Bytes(const Digest& digest) {
  hash_.Update(ToBytes(digest));
  return *this;
}

Digest DigestWriter::Finish() { return hash_.Finish(); }

}  // namespace tailcast
