#include "core/diffusion/generator.h"

#include <ATen/ATen.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/quoted.h"
#include "core/base/status_macros.h"
#include "core/tensor/checks.h"
#include "core/tensor/module_io.h"
#include "core/tensor/torch_status.h"

namespace tailcast::diffusion {
namespace {

constexpr char kDenoiserPrefix[] = "denoiser.";
constexpr char kMean[] = "mean";
constexpr char kDeviation[] = "standard_deviation";

std::string NameOf(const std::string& what, const std::string& tensor) {
  return absl::StrCat(what, ": tensor ", Quoted(tensor));
}

absl::StatusOr<at::Tensor> TakeVector(const char* name, int64_t size, const std::string& what,
                                      NamedTensors& tensors) {
  const auto node = tensors.extract(name);
  if (node.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(NameOf(what, name), " is missing"));
  }
  RETURN_IF_ERROR(CheckShape(node.mapped(), {size}, NameOf(what, name)));
  if (node.mapped().scalar_type() == at::kFloat) return node.mapped().clone();
  return absl::InvalidArgumentError(absl::StrCat(NameOf(what, name), " has element type ",
                                                 toString(node.mapped().scalar_type()),
                                                 "; expected Float"));
}

absl::StatusOr<Standardization> TakeStandardization(int64_t feature_dim, const std::string& what,
                                                    NamedTensors& tensors) {
  Standardization standardization;
  ASSIGN_OR_RETURN(standardization.mean, TakeVector(kMean, feature_dim, what, tensors));
  ASSIGN_OR_RETURN(standardization.standard_deviation,
                   TakeVector(kDeviation, feature_dim, what, tensors));
  if (standardization.standard_deviation.gt(0).all().item<bool>()) return standardization;
  return absl::InvalidArgumentError(absl::StrCat(
      NameOf(what, kDeviation), " has ", standardization.standard_deviation.min().item<float>(),
      "; expected numbers above 0"));
}

// The tensors under "denoiser.", without the prefix.
absl::StatusOr<NamedTensors> DenoiserTensors(const NamedTensors& tensors, const std::string& what) {
  NamedTensors inner;
  for (const auto& [name, tensor] : tensors) {
    if (!absl::StartsWith(name, kDenoiserPrefix)) {
      return absl::InvalidArgumentError(
          absl::StrCat(NameOf(what, name), " is not part of a generator"));
    }
    inner[name.substr(sizeof(kDenoiserPrefix) - 1)] = tensor;
  }
  return inner;
}

}  // namespace

Generator::Generator(GeneratorSpec spec, std::shared_ptr<Denoiser> denoiser, NoiseSchedule schedule,
                     Standardization standardization)
    : spec_(std::move(spec)),
      denoiser_(std::move(denoiser)),
      schedule_(std::move(schedule)),
      standardization_(std::move(standardization)) {
  denoiser_->eval();
  for (auto& parameter : denoiser_->parameters()) parameter.requires_grad_(false);
}

absl::StatusOr<std::shared_ptr<const Generator>> Generator::Create(const GeneratorSpec& spec,
                                                                   const NamedTensors& tensors,
                                                                   const std::string& what) {
  return CatchTorchErrors([&]() -> absl::StatusOr<std::shared_ptr<const Generator>> {
    for (const auto& [name, tensor] : tensors) {
      RETURN_IF_ERROR(CheckFinite(tensor, NameOf(what, name)));
    }
    ASSIGN_OR_RETURN(NoiseSchedule schedule, NoiseSchedule::Make(spec.schedule));
    NamedTensors rest = tensors;
    ASSIGN_OR_RETURN(Standardization standardization,
                     TakeStandardization(spec.denoiser.feature_dim, what, rest));
    ASSIGN_OR_RETURN(const NamedTensors weights, DenoiserTensors(rest, what));
    ASSIGN_OR_RETURN(std::shared_ptr<Denoiser> denoiser, MakeDenoiser(spec.denoiser));
    RETURN_IF_ERROR(LoadModule(weights, what, *denoiser));
    return std::shared_ptr<const Generator>(
        new Generator(spec, std::move(denoiser), std::move(schedule), std::move(standardization)));
  });
}

NamedTensors Generator::tensors() const {
  NamedTensors tensors = {{kMean, standardization_.mean},
                          {kDeviation, standardization_.standard_deviation}};
  for (const auto& [name, tensor] : ModuleTensors(*denoiser_)) {
    tensors[absl::StrCat(kDenoiserPrefix, name)] = tensor;
  }
  return tensors;
}

std::shared_ptr<const Generator> Generator::FromParts(GeneratorSpec spec,
                                                      std::shared_ptr<Denoiser> denoiser,
                                                      Standardization standardization) {
  NoiseSchedule schedule = NoiseSchedule::Make(spec.schedule).value();
  return std::shared_ptr<const Generator>(new Generator(
      std::move(spec), std::move(denoiser), std::move(schedule), std::move(standardization)));
}

}  // namespace tailcast::diffusion
