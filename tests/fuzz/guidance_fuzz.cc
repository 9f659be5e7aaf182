#include "absl/strings/string_view.h"
#include "core/contract/sampler_spec.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast {

std::vector<std::string> FuzzSeeds() { return {"-0.3", "0:-0.5", "1e-3:32", "-1:2.5", "0"}; }

namespace {

void TestOne(absl::string_view text) {
  const std::vector<int64_t> counts = {5000, 500, 50, 0};
  const auto weights = ParseGuidance(text, counts);
  if (weights.ok()) {
    const SamplerSpec spec = {.guidance_weights = *weights};
    const auto classes = static_cast<int32_t>(counts.size());
    FuzzCheck(ValidateSamplerSpec(spec, classes, /*num_timesteps=*/1000).ok(),
              "guidance that was read is in range");
    FuzzCheck(SamplerDigest(spec) == SamplerDigest(Canonical(spec)), "its digest is canonical");
  }
  if (const auto method = SamplerMethodFromName(text); method.ok()) {
    FuzzCheck(SamplerMethodName(*method) == text, "a method is its own name");
  }
}

}  // namespace
}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::TestOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
