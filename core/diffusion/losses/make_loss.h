#ifndef TAILCAST_CORE_DIFFUSION_LOSSES_MAKE_LOSS_H_
#define TAILCAST_CORE_DIFFUSION_LOSSES_MAKE_LOSS_H_

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/diffusion/losses/cbdm_loss.h"
#include "core/diffusion/losses/diffrop_loss.h"
#include "core/diffusion/losses/diffusion_loss.h"
#include "nlohmann/json.hpp"

namespace tailcast::diffusion {

enum class Objective { kDenoising, kCbdm, kDiffrop };

// "denoising", "cbdm", "diffrop".
absl::string_view ObjectiveName(Objective objective);
absl::StatusOr<Objective> ObjectiveFromName(absl::string_view name);

// Which loss, with the options of each; those of the others do not matter.
struct ObjectiveSpec {
  Objective objective = Objective::kDenoising;
  CbdmOptions cbdm = {};
  DiffropOptions diffrop = {};
};

// Name and the options that matter, for figures and checkpoints.
nlohmann::json ToJson(const ObjectiveSpec& spec);

// class_counts: [K] int64 rows of each class, not all 0; rng: shared with the caller.
// INVALID_ARGUMENT names the option, its value and what was expected.
absl::StatusOr<std::unique_ptr<DiffusionLoss>> MakeLoss(const ObjectiveSpec& spec,
                                                        const DiffusionProcess& process,
                                                        const at::Tensor& class_counts,
                                                        const at::Generator& rng);

}  // namespace tailcast::diffusion

#endif  // TAILCAST_CORE_DIFFUSION_LOSSES_MAKE_LOSS_H_
