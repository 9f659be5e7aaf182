#include <ATen/ATen.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "core/base/files.h"
#include "core/training/checkpoint.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast {

std::vector<std::string> FuzzSeeds() {
  const std::string path = std::filesystem::temp_directory_path() /
                           ("tailcast_checkpoint_seed." + std::to_string(::getpid()));
  const training::Checkpoint checkpoint = {
      .tensors = {{"weights.a", at::arange(4, at::kFloat)},
                  {"steps_done", at::scalar_tensor(3, at::kLong)}},
      .run = {{"steps", "10"}}};
  FuzzCheck(training::SaveCheckpoint(path, checkpoint).ok(), "a checkpoint can be saved");
  const std::string bytes = ReadFile(path).value();
  FuzzCheck(RemoveAll(path).ok(), "a file can be removed");
  return {bytes, bytes.substr(0, bytes.size() / 2)};
}

namespace {

void TestOne(std::string bytes) {
  const auto checkpoint = training::ParseCheckpoint(std::move(bytes), "input");
  if (!checkpoint.ok()) {
    FuzzCheck(checkpoint.status().code() == absl::StatusCode::kDataLoss, "a fault is damage");
    return;
  }
  FuzzCheck(checkpoint->run == Metadata{{"steps", "10"}}, "what passes is what was saved");
}

}  // namespace
}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::TestOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
