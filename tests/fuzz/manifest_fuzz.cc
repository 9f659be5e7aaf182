#include "absl/strings/string_view.h"
#include "core/bundle/manifest.h"
#include "tests/core/bundle/contents.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast {

std::vector<std::string> FuzzSeeds() {
  bundle::Manifest imported = bundle::ImportedManifest();
  imported.files[bundle::kGeneratorFile] = {.sha256 = Sha256Of("x"), .size_bytes = 1};
  bundle::Manifest full = imported;
  const auto encoder = bundle::SmallEncoder();
  full.encoder = encoder->spec();
  full.feature_space.encoder = encoder->fingerprint();
  full.feature_space.imported_name = "";
  full.has_classifier = true;
  full.files[bundle::kEncoderFile] = {.sha256 = Sha256Of("y"), .size_bytes = 2};
  full.files[bundle::kClassifierFile] = {.sha256 = Sha256Of("z"), .size_bytes = 3};
  full.default_sampler.guidance_weights = {0.0, 0.5, -0.25};
  return {bundle::SerializeManifest(imported).value(), bundle::SerializeManifest(full).value()};
}

namespace {

void TestOne(absl::string_view text) {
  const auto manifest = bundle::ParseManifest(text, "input");
  if (!manifest.ok()) {
    FuzzCheck(manifest.status().code() == absl::StatusCode::kInvalidArgument,
              "faults are the input's");
    return;
  }
  const auto written = bundle::SerializeManifest(*manifest);
  FuzzCheck(written.ok(), "what was read can be written");
  const auto again = bundle::SerializeManifest(*bundle::ParseManifest(*written, "again"));
  FuzzCheck(again.ok() && *again == *written, "what was written is read as it was");
}

}  // namespace
}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::TestOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
