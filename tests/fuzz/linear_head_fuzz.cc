#include <ATen/ATen.h>

#include "absl/strings/string_view.h"
#include "core/classifiers/linear_head.h"
#include "core/tensor/tensor_io.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast {

std::vector<std::string> FuzzSeeds() {
  const classifiers::LinearHead head = {.weight = at::linspace(-1, 1, 6).view({3, 2}),
                                        .bias = at::linspace(-1, 1, 3)};
  NamedTensors more = head.tensors();
  more["other"] = at::arange(2, at::kLong);
  return {*SerializeTensors(head.tensors(), {}), *SerializeTensors(more, {{"format", "mine"}})};
}

namespace {

void TestOne(absl::string_view bytes) {
  const auto file = SafetensorsFile::Parse(std::string(bytes), "input");
  if (!file.ok()) return;
  const auto tensors = ReadTensors(*file);
  if (!tensors.ok()) return;
  const auto head = classifiers::LinearHead::FromTensors(*tensors, "input");
  if (!head.ok()) {
    FuzzCheck(head.status().code() == absl::StatusCode::kInvalidArgument, "faults are the input's");
    return;
  }
  const int64_t num_classes = head->weight.size(0), feature_dim = head->weight.size(1);
  const at::Tensor scores = head->Scores(at::zeros({2, feature_dim}));
  FuzzCheck(scores.size(0) == 2 && scores.size(1) == num_classes, "a head gives scores");
  FuzzCheck(at::equal(scores[0], head->bias), "the scores of nothing are the bias");
  const auto again = classifiers::LinearHead::FromTensors(
      *ReadTensors(*SafetensorsFile::Parse(*SerializeTensors(head->tensors(), {}), "again")),
      "again");
  FuzzCheck(
      again.ok() && at::equal(again->weight, head->weight) && at::equal(again->bias, head->bias),
      "what was read can be written");
}

}  // namespace
}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::TestOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
