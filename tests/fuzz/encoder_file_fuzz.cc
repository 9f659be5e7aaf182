// The input is an encoder's file without the network's weights, which would be nearly all of it and
// are guarded by their fingerprint; they are put in here.
#include <ATen/ATen.h>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "core/tensor/tensor_io.h"
#include "core/training/encoder_file.h"
#include "tests/core/encoders/encoder_samples.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast {
namespace {

constexpr absl::string_view kWeightsPrefix = "encoder.";

const std::string& WholeFile() {
  static const auto* const bytes = [] {
    training::EncoderFile file;
    file.encoder = encoders::RandomEncoder(encoders::GraySpec(16));
    file.head = {.weight = at::linspace(-1, 1, 3 * 64).view({3, 64}),
                 .bias = at::linspace(-1, 1, 3)};
    file.class_names = {"class0", "class1", "class2"};
    file.class_counts = {20, 14, 9};
    file.dataset = "toy";
    file.training = {{"seed", 0}};
    return new std::string(training::SerializeEncoderFile(file).value());
  }();
  return *bytes;
}

// The tensors of `bytes` that are the network's, or those that are not.
std::map<std::string, TensorView> Tensors(const SafetensorsFile& file, bool of_network) {
  std::map<std::string, TensorView> chosen;
  for (const auto& [name, view] : file.tensors()) {
    if (absl::StartsWith(name, kWeightsPrefix) == of_network) chosen[name] = view;
  }
  return chosen;
}

const SafetensorsFile& Whole() {
  static const auto* const file =
      new SafetensorsFile(SafetensorsFile::Parse(WholeFile(), "whole").value());
  return *file;
}

void TestOne(absl::string_view bytes) {
  const auto input = SafetensorsFile::Parse(std::string(bytes), "input");
  if (!input.ok()) return;
  std::map<std::string, TensorView> tensors = input->tensors();
  tensors.merge(Tensors(Whole(), /*of_network=*/true));
  const auto with_weights = SerializeSafetensors(tensors, input->metadata());
  FuzzCheck(with_weights.ok(), "what was read can be written");
  const auto file =
      training::ParseEncoderFile(*SafetensorsFile::Parse(*with_weights, "with weights"));
  if (!file.ok()) {
    FuzzCheck(file.status().code() == absl::StatusCode::kInvalidArgument, "faults are the input's");
    return;
  }
  FuzzCheck(file->class_names.size() == file->class_counts.size(), "each class has a count");
  FuzzCheck(file->head.weight.size(0) == static_cast<int64_t>(file->class_names.size()) &&
                file->head.weight.size(1) == file->encoder->feature_dim(),
            "the head is the encoder's and the classes'");
  const auto written = training::SerializeEncoderFile(*file);
  FuzzCheck(written.ok(), "a file that was read can be written");
  const auto again = training::ParseEncoderFile(*SafetensorsFile::Parse(*written, "again"));
  FuzzCheck(again.ok() && *training::SerializeEncoderFile(*again) == *written,
            "the written form is stable");
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  return {*SerializeSafetensors(Tensors(Whole(), /*of_network=*/false), Whole().metadata())};
}

}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::TestOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
