// Writes a safetensors and an npy file for a script that reads them with the formats' own
// libraries, and tells what it finds in a safetensors file that the script has written. Usage:
// io_twin FOLDER; reads FOLDER/theirs.safetensors, writes FOLDER/ours.{safetensors,npy}.
#include <cstdint>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/io/npy.h"
#include "core/io/safetensors.h"
#include "nlohmann/json.hpp"

namespace tailcast {
namespace {

constexpr int64_t kRows = 5, kColumns = 3;

template <typename T>
std::string Counting(int64_t count) {
  std::vector<T> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), T{});
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

absl::Status WriteOurs(const std::string& folder) {
  const std::string features = Counting<float>(kRows * kColumns), labels = Counting<int64_t>(kRows);
  const std::vector<int64_t> shape = {kRows, kColumns};
  ASSIGN_OR_RETURN(
      const std::string file,
      SerializeSealedSafetensors({{"features", {ElementType::kFloat32, shape, features}},
                                  {"labels", {ElementType::kInt64, {kRows}, labels}},
                                  {"odd", {ElementType::kUint8, {3}, "xyz"}},
                                  {"z", {ElementType::kFloat64, {}, "01234567"}}},
                                 {{"address", "tc1-\xc3\xa9"}}));
  RETURN_IF_ERROR(WriteFileAtomically(folder + "/ours.safetensors", file));
  return WriteFileAtomically(folder + "/ours.npy",
                             NpyHeader(ElementType::kFloat32, shape) + features);
}

absl::Status TellTheirs(const std::string& folder) {
  ASSIGN_OR_RETURN(const auto file, SafetensorsFile::Read(folder + "/theirs.safetensors"));
  nlohmann::json found = {{"metadata", file.metadata()}};
  for (const auto& [name, view] : file.tensors()) {
    found["tensors"][name] = {ElementTypeName(view.type), view.shape,
                              absl::BytesToHexString(view.data)};
  }
  std::cout << found << "\n";
  return absl::OkStatus();
}

absl::Status Run(const std::string& folder) {
  RETURN_IF_ERROR(WriteOurs(folder));
  return TellTheirs(folder);
}

}  // namespace
}  // namespace tailcast

int main(int argc, char** argv) {
  const absl::Status status = tailcast::Run(argc > 1 ? argv[1] : ".");
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
