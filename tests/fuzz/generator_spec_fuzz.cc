#include "absl/strings/string_view.h"
#include "core/base/json.h"
#include "core/diffusion/generator.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast {

std::vector<std::string> FuzzSeeds() {
  diffusion::GeneratorSpec other;
  other.denoiser.hidden_dim = 8;
  other.schedule.name = "linear";
  other.prediction = diffusion::PredictionType::kNoise;
  other.non_negative = false;
  return {ToJson(diffusion::GeneratorSpec{}).dump(), ToJson(other).dump()};
}

namespace {

void TestOne(absl::string_view text) {
  const auto json = ParseJson(text, "input");
  if (!json.ok()) return;
  const auto spec = diffusion::GeneratorSpecFromJson(*json, "input");
  if (!spec.ok()) {
    FuzzCheck(spec.status().code() == absl::StatusCode::kInvalidArgument, "faults are the input's");
    return;
  }
  const auto again = diffusion::GeneratorSpecFromJson(ToJson(*spec), "again");
  FuzzCheck(again.ok() && ToJson(*again) == ToJson(*spec), "what was read can be written");
  const auto generator = diffusion::Generator::Create(*spec, /*tensors=*/{}, "no tensors");
  FuzzCheck(generator.status().code() == absl::StatusCode::kInvalidArgument,
            "a generator needs its tensors");
}

}  // namespace
}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::TestOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
