#include "absl/strings/string_view.h"
#include "core/io/idx.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast {
namespace {

constexpr int64_t kMaxUnpackedBytes = 1 << 16;

// A 2 x 3 array, and the same packed by gzip -n.
constexpr char kPlain[] =
    "\0\0\x08\x02\0\0\0\x02\0\0\0\x03"
    "abcdef";
constexpr char kPacked[] =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x63\x60\xe0\x60\x62\x60\x60\x00\x61\xe6\xc4\xa4\xe4"
    "\x94\xd4\x34\x00\x83\xda\x46\x2f\x12\x00\x00\x00";

void CheckArray(const absl::StatusOr<ByteArray>& array) {
  if (!array.ok()) return;
  size_t size = 1;
  for (const int64_t extent : array->shape) size *= static_cast<size_t>(extent);
  FuzzCheck(array->data.size() == size, "data has the size of the shape");
}

void TestOne(absl::string_view bytes) {
  CheckArray(ParseIdx(std::string(bytes), "input"));
  const auto unpacked = Gunzip(bytes, "input", kMaxUnpackedBytes);
  if (!unpacked.ok()) return;
  FuzzCheck(unpacked->size() <= kMaxUnpackedBytes, "unpacking stops at the limit");
  CheckArray(ParseIdx(*unpacked, "input"));
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  return {std::string(kPlain, sizeof(kPlain) - 1), std::string(kPacked, sizeof(kPacked) - 1)};
}

}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::TestOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
