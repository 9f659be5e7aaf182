#include "core/diffusion/losses/make_loss.h"

#include <ATen/ATen.h>

#include <cmath>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/quoted.h"
#include "core/base/status_macros.h"
#include "core/diffusion/losses/denoising_loss.h"

namespace tailcast::diffusion {
namespace {

constexpr Objective kObjectives[] = {Objective::kDenoising, Objective::kCbdm, Objective::kDiffrop};

absl::Status CheckNotNegative(const char* option, double value) {
  if (std::isfinite(value) && value >= 0.0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("objective.", option, " is ", value, "; expected a number of 0 or above"));
}

absl::StatusOr<std::unique_ptr<DiffusionLoss>> MakeCbdm(const CbdmOptions& options,
                                                        const DiffusionProcess& process,
                                                        const at::Tensor& class_counts,
                                                        const at::Generator& rng) {
  RETURN_IF_ERROR(CheckNotNegative("cbdm.tau", options.tau));
  RETURN_IF_ERROR(CheckNotNegative("cbdm.commitment_weight", options.commitment_weight));
  return std::make_unique<CbdmLoss>(options, process, class_counts, rng);
}

absl::StatusOr<std::unique_ptr<DiffusionLoss>> MakeDiffrop(const DiffropOptions& options,
                                                           const DiffusionProcess& process,
                                                           const at::Tensor& class_counts,
                                                           const at::Generator& rng) {
  RETURN_IF_ERROR(CheckNotNegative("diffrop.lambda", options.lambda));
  RETURN_IF_ERROR(CheckNotNegative("diffrop.margin", options.margin));
  const auto present = class_counts.count_nonzero().item<int64_t>();
  if (present < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("objective diffrop: classes with rows: ", present, "; expected two or more"));
  }
  return std::make_unique<DiffropLoss>(options, process, class_counts, rng);
}

}  // namespace

absl::string_view ObjectiveName(Objective objective) {
  switch (objective) {
    case Objective::kDenoising:
      return "denoising";
    case Objective::kCbdm:
      return "cbdm";
    case Objective::kDiffrop:
      return "diffrop";
  }
  TORCH_CHECK(false, "unknown objective ", static_cast<int>(objective));
}

absl::StatusOr<Objective> ObjectiveFromName(absl::string_view name) {
  for (const Objective objective : kObjectives) {
    if (ObjectiveName(objective) == name) return objective;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("objective is ", Quoted(name), "; expected denoising, cbdm or diffrop"));
}

nlohmann::json ToJson(const ObjectiveSpec& spec) {
  nlohmann::json json = {{"name", std::string(ObjectiveName(spec.objective))}};
  if (spec.objective == Objective::kCbdm) {
    json["tau"] = spec.cbdm.tau;
    json["commitment_weight"] = spec.cbdm.commitment_weight;
    json["uniform_targets"] = spec.cbdm.uniform_targets;
  } else if (spec.objective == Objective::kDiffrop) {
    json["lambda"] = spec.diffrop.lambda;
    json["margin"] = spec.diffrop.margin;
  }
  return json;
}

absl::StatusOr<std::unique_ptr<DiffusionLoss>> MakeLoss(const ObjectiveSpec& spec,
                                                        const DiffusionProcess& process,
                                                        const at::Tensor& class_counts,
                                                        const at::Generator& rng) {
  switch (spec.objective) {
    case Objective::kDenoising:
      return std::make_unique<DenoisingLoss>(process);
    case Objective::kCbdm:
      return MakeCbdm(spec.cbdm, process, class_counts, rng);
    case Objective::kDiffrop:
      return MakeDiffrop(spec.diffrop, process, class_counts, rng);
  }
  TORCH_CHECK(false, "unknown objective ", static_cast<int>(spec.objective));
}

}  // namespace tailcast::diffusion
