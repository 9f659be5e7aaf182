#include "absl/strings/string_view.h"
#include "core/training/generator_file.h"
#include "tests/core/training/small_generator_file.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/unsealed.h"

namespace tailcast {

std::vector<std::string> FuzzSeeds() {
  training::GeneratorFile file = training::SmallGeneratorFile();
  std::vector<std::string> seeds = {Unsealed(*SerializeGeneratorFile(file))};
  file.space.imported_name.clear();
  seeds.push_back(Unsealed(*SerializeGeneratorFile(file)));
  return seeds;
}

namespace {

void TestOne(absl::string_view bytes) {
  const auto file = SafetensorsFile::Parse(std::string(bytes), "input");
  if (!file.ok()) return;
  const auto generator = training::ParseGeneratorFile(*file);
  if (!generator.ok()) {
    FuzzCheck(generator.status().code() == absl::StatusCode::kInvalidArgument,
              "faults are the input's");
    return;
  }
  const auto written = training::SerializeGeneratorFile(*generator);
  FuzzCheck(written.ok(), "what was read can be written");
  const auto again = training::ParseGeneratorFile(*SafetensorsFile::Parse(*written, "again"));
  FuzzCheck(again.ok() && *training::SerializeGeneratorFile(*again) == *written,
            "the written form is stable");
}

}  // namespace
}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::TestOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
