#ifndef TAILCAST_CORE_BASE_DIGEST_H_
#define TAILCAST_CORE_BASE_DIGEST_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tailcast {

// A SHA-256 value.
using Digest = std::array<uint8_t, 32>;

// Takes a SHA-256 of bytes that arrive in pieces. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Update(absl::string_view bytes);
  // Ends the digest; Update() must not follow.
  Digest Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Digest Sha256Of(absl::string_view bytes);

// NOT_FOUND or PERMISSION_DENIED as ReadFile(), DATA_LOSS if reading fails midway; all name the
// file.
absl::StatusOr<Digest> Sha256OfFile(const std::string& path);

// 64 lower-case hexadecimal digits.
std::string ToHex(const Digest& digest);

// INVALID_ARGUMENT unless `hex` is 64 hexadecimal digits.
absl::StatusOr<Digest> DigestFromHex(absl::string_view hex);

// The 32 raw bytes, as protos carry them.
std::string ToBytes(const Digest& digest);

// INVALID_ARGUMENT unless `bytes` has 32 bytes.
absl::StatusOr<Digest> DigestFromBytes(absl::string_view bytes);

}  // namespace tailcast

#endif  // TAILCAST_CORE_BASE_DIGEST_H_
