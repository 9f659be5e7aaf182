#include "core/tensor/module_io.h"

#include <torch/nn/module.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/quoted.h"
#include "core/base/status_macros.h"
#include "core/tensor/checks.h"

namespace tailcast {
namespace {

absl::Status CheckTensor(const at::Tensor& tensor, const at::Tensor& expected,
                         const std::string& what) {
  RETURN_IF_ERROR(CheckShape(tensor, expected.sizes().vec(), what));
  if (tensor.scalar_type() == expected.scalar_type()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, " has element type ",
                                                 toString(tensor.scalar_type()), "; expected ",
                                                 toString(expected.scalar_type())));
}

}  // namespace

NamedTensors ModuleTensors(const torch::nn::Module& module) {
  NamedTensors tensors;
  for (const auto& item : module.named_parameters()) tensors[item.key()] = item.value().detach();
  for (const auto& item : module.named_buffers()) tensors[item.key()] = item.value().detach();
  return tensors;
}

absl::Status LoadModule(const NamedTensors& tensors, const std::string& what,
                        torch::nn::Module& module) {
  const NamedTensors targets = ModuleTensors(module);
  for (const auto& [name, target] : targets) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      return absl::InvalidArgumentError(absl::StrCat(what, ": tensor '", name, "' is missing"));
    }
    RETURN_IF_ERROR(
        CheckTensor(found->second, target, absl::StrCat(what, ": tensor '", name, "'")));
  }
  for (const auto& [name, tensor] : tensors) {
    if (targets.count(name) == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(what, ": tensor ", Quoted(name), " is unknown to the network"));
    }
  }
  for (const auto& [name, target] : targets) target.copy_(tensors.at(name));
  return absl::OkStatus();
}

}  // namespace tailcast
