#include "absl/strings/string_view.h"
#include "core/io/safetensors.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast {

std::vector<std::string> FuzzSeeds() {
  const std::string bytes(48, 'x');
  const absl::string_view view = bytes;
  return {*SerializeSafetensors({{"features", {ElementType::kFloat32, {2, 4}, view.substr(0, 32)}},
                                 {"labels", {ElementType::kInt64, {2}, view.substr(0, 16)}}},
                                {{"address", "tc1-0"}}),
          *SerializeSafetensors({{"a", {ElementType::kUint8, {}, view.substr(0, 1)}},
                                 {"b", {ElementType::kBool, {0, 3}, {}}}},
                                {}),
          *SerializeSealedSafetensors({{"a", {ElementType::kUint8, {2}, view.substr(0, 2)}}}, {}),
          *SerializeSafetensors({}, {})};
}

namespace {

void TestOne(absl::string_view bytes) {
  const auto file = SafetensorsFile::Parse(std::string(bytes), "input");
  if (!file.ok()) return;
  size_t total = 0;
  for (const auto& [name, view] : file->tensors()) {
    const auto size = TensorBytes(view.type, view.shape);
    FuzzCheck(size.ok() && static_cast<size_t>(*size) == view.data.size(), "sizes fit shapes");
    FuzzCheck(file->Get(name, view.type, view.shape).ok(), "a tensor is found as it is");
    total += view.data.size();
  }
  FuzzCheck(total <= bytes.size(), "tensors do not overlap");
  const auto written = SerializeSafetensors(file->tensors(), file->metadata());
  FuzzCheck(written.ok(), "what was read can be written");
  const auto again = SafetensorsFile::Parse(*written, "again");
  FuzzCheck(again.ok() && *SerializeSafetensors(again->tensors(), again->metadata()) == *written,
            "the written form is stable");
}

}  // namespace
}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::TestOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
