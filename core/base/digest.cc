#include "core/base/digest.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/quoted.h"

namespace tailcast {
namespace {

constexpr size_t kFilePieceBytes = size_t{1} << 20;

int HexValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

}  // namespace

struct Sha256::State {
  State() : context(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context, EVP_sha256(), nullptr); }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  EVP_MD_CTX* context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::Update(absl::string_view bytes) {
  EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

Digest Sha256::Finish() {
  Digest digest{};
  EVP_DigestFinal_ex(state_->context, digest.data(), nullptr);
  return digest;
}

Digest Sha256Of(absl::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.Finish();
}

absl::StatusOr<Digest> Sha256OfFile(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return ErrnoStatus(errno, absl::StrCat("cannot open '", path, "'"));
  Sha256 hash;
  std::vector<char> piece(kFilePieceBytes);
  ssize_t count = 0;
  int error = 0;
  do {
    count = read(descriptor, piece.data(), piece.size());
    if (count > 0) hash.Update({piece.data(), static_cast<size_t>(count)});
    if (count < 0) error = errno;
  } while (count > 0 || (count < 0 && error == EINTR));
  close(descriptor);
  if (count == 0) return hash.Finish();
  const absl::Status reason = ErrnoStatus(error, absl::StrCat("cannot read '", path, "'"));
  return absl::DataLossError(reason.message());
}

std::string ToHex(const Digest& digest) { return absl::BytesToHexString(ToBytes(digest)); }

absl::StatusOr<Digest> DigestFromHex(absl::string_view hex) {
  Digest digest{};
  const size_t digits = 2 * digest.size();
  if (hex.size() != digits) {
    return absl::InvalidArgumentError(absl::StrCat("digest ", Quoted(hex), " has ", hex.size(),
                                                   " characters; expected ", digits,
                                                   " hexadecimal digits"));
  }
  for (size_t i = 0; i < digest.size(); ++i) {
    const int high = HexValue(hex[2 * i]), low = HexValue(hex[2 * i + 1]);
    if (high < 0 || low < 0) {
      return absl::InvalidArgumentError(absl::StrCat("digest ", Quoted(hex),
                                                     " has a wrong character; expected ", digits,
                                                     " hexadecimal digits"));
    }
    digest[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return digest;
}

std::string ToBytes(const Digest& digest) { return std::string(digest.begin(), digest.end()); }

absl::StatusOr<Digest> DigestFromBytes(absl::string_view bytes) {
  Digest digest{};
  if (bytes.size() != digest.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a digest has ", bytes.size(), " bytes; expected ", digest.size()));
  }
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

}  // namespace tailcast
