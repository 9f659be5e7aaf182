#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "core/contract/address.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast {

std::vector<std::string> FuzzSeeds() {
  const Digest digest = Sha256Of("seed");
  return {AddressText(digest), ToHex(digest), ToBytes(digest), "bgr"};
}

namespace {

void TestOne(absl::string_view text) {
  if (const auto address = AddressFromText(text); address.ok()) {
    // The digits may be of either case, the prefix may not.
    FuzzCheck(AddressText(*address) == absl::AsciiStrToLower(text), "an address is its own text");
  }
  if (const auto digest = DigestFromHex(text); digest.ok()) {
    FuzzCheck(ToHex(*digest) == absl::AsciiStrToLower(text), "a digest is its own text");
  }
  if (const auto digest = DigestFromBytes(text); digest.ok()) {
    FuzzCheck(ToBytes(*digest) == text, "a digest is its own bytes");
  }
  if (const auto order = ChannelOrderFromName(text); order.ok()) {
    FuzzCheck(ChannelOrderName(*order) == text, "an order is its own name");
  }
}

}  // namespace
}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::TestOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
