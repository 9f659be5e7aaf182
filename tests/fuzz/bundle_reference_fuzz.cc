#include "absl/strings/string_view.h"
#include "core/contract/bundle_reference.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast {

std::vector<std::string> FuzzSeeds() {
  return {"fashion-mnist-lt", "fashion-mnist-lt@12", "fashion-mnist-lt:stable", "a@01", "a:b@3"};
}

namespace {

void TestOne(absl::string_view text) {
  const auto reference = ParseBundleReference(text);
  if (!reference.ok()) {
    FuzzCheck(reference.status().code() == absl::StatusCode::kInvalidArgument,
              "faults are the input's");
    return;
  }
  FuzzCheck(ToText(*reference) == text, "a reference has one spelling");
}

}  // namespace
}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::TestOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
