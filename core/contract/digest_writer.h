#ifndef TAILCAST_CORE_CONTRACT_DIGEST_WRITER_H_
#define TAILCAST_CORE_CONTRACT_DIGEST_WRITER_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "core/base/digest.h"

namespace tailcast {

// Takes a digest of the stream contract, section 6: SHA-256 of "tailcast.<domain>", a zero byte and
// fields of fixed size, little endian. Not thread-safe.
class DigestWriter {
 public:
  explicit DigestWriter(absl::string_view domain);

  DigestWriter& U32(uint32_t value);
  DigestWriter& U64(uint64_t value);
  // -0.0 becomes 0.0. REQUIRES: finite.
  DigestWriter& F64(double value);
  // Length as u32, then the bytes.
  DigestWriter& Text(absl::string_view text);
  DigestWriter& Bytes(const Digest& digest);

  // Ends the digest; no field must follow.
  Digest Finish();

 private:
  Sha256 hash_;
};

}  // namespace tailcast

#endif  // TAILCAST_CORE_CONTRACT_DIGEST_WRITER_H_
