#include "core/training/ema.h"

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/tensor/checks.h"
#include "core/tensor/module_io.h"

namespace tailcast::training {

ExponentialMovingAverage::ExponentialMovingAverage(const torch::nn::Module& module, double decay)
    : decay_(decay), values_(ModuleTensors(module)) {
  for (const auto& [name, value] : values_) average_[name] = value.clone();
}

void ExponentialMovingAverage::Update() {
  for (const auto& [name, value] : values_) {
    at::Tensor& average = average_.at(name);
    if (value.is_floating_point()) {
      average.lerp_(value, 1.0 - decay_);  // exact where both are equal
    } else {
      average.copy_(value);  // counters
    }
  }
}

absl::Status ExponentialMovingAverage::Restore(const NamedTensors& average) {
  for (const auto& [name, value] : values_) {
    const std::string what = absl::StrCat("averaged tensor '", name, "'");
    const auto found = average.find(name);
    if (found == average.end())
      return absl::InvalidArgumentError(absl::StrCat(what, " is missing"));
    RETURN_IF_ERROR(CheckShape(found->second, value.sizes().vec(), what));
  }
  for (auto& [name, tensor] : average_) tensor.copy_(average.at(name));
  return absl::OkStatus();
}

}  // namespace tailcast::training
