#include "absl/strings/string_view.h"
#include "core/io/cifar.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast {

std::vector<std::string> FuzzSeeds() {
  constexpr size_t kPixels = 3072;
  const std::string cifar10 = "\x03" + std::string(kPixels, 'x');
  const std::string cifar100 = "\x03\x2a" + std::string(kPixels, 'x');
  return {cifar10, cifar10 + cifar10, cifar100};
}

namespace {

void TestOne(absl::string_view bytes) {
  for (const CifarFormat format : {CifarFormat::kCifar10, CifarFormat::kCifar100}) {
    const auto images = ParseCifar(bytes, format, "input");
    if (!images.ok()) continue;
    FuzzCheck(!images->labels.empty(), "there is an image");
    FuzzCheck(images->pixels.size() == images->labels.size() * 3072, "pixels fit labels");
    for (const uint8_t label : images->labels) {
      FuzzCheck(label < CifarClassCount(format), "labels are classes");
    }
  }
}

}  // namespace
}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::TestOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
