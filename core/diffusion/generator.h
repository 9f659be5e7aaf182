#ifndef TAILCAST_CORE_DIFFUSION_GENERATOR_H_
#define TAILCAST_CORE_DIFFUSION_GENERATOR_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/diffusion/denoisers/denoiser.h"
#include "core/diffusion/denoisers/make_denoiser.h"
#include "core/diffusion/feature_space.h"
#include "core/diffusion/noise_schedule.h"
#include "core/diffusion/parameterization.h"
#include "core/tensor/tensor_io.h"
#include "nlohmann/json.hpp"

namespace tailcast::diffusion {

// What a generator is made of, as the manifest says it.
struct GeneratorSpec {
  DenoiserSpec denoiser = {};
  ScheduleSpec schedule = {};
  PredictionType prediction = PredictionType::kVelocity;
  // Features are cut at 0 after generation (encoders that end in a ReLU).
  bool non_negative = true;
};

nlohmann::json ToJson(const GeneratorSpec& spec);
// INVALID_ARGUMENT names `what`, the member, its value and what was expected.
absl::StatusOr<GeneratorSpec> GeneratorSpecFromJson(const nlohmann::json& json,
                                                    const std::string& what);

// A class-conditional diffusion model over one feature space: denoiser, noise schedule,
// standardization. Immutable after construction and in evaluation mode; safe to share.
class Generator {
 public:
  // `tensors`: "denoiser.*", "mean" [D] and "standard_deviation" [D], all f32. INVALID_ARGUMENT
  // names `what` and the tensor that is missing, left over or of another shape.
  static absl::StatusOr<std::shared_ptr<const Generator>> Create(const GeneratorSpec& spec,
                                                                 const NamedTensors& tensors,
                                                                 const std::string& what);

  const GeneratorSpec& spec() const { return spec_; }
  int64_t feature_dim() const { return spec_.denoiser.feature_dim; }
  int64_t num_classes() const { return spec_.denoiser.num_classes; }
  // Evaluated under an inference guard, from many threads at once.
  Denoiser& denoiser() const { return *denoiser_; }
  const NoiseSchedule& schedule() const { return schedule_; }
  const Standardization& standardization() const { return standardization_; }

  // As Create() takes them.
  NamedTensors tensors() const;

  // With a denoiser of the caller's own: for tests of the engine with planted faults.
  // REQUIRES: a schedule that NoiseSchedule::Make() accepts.
  static std::shared_ptr<const Generator> FromParts(GeneratorSpec spec,
                                                    std::shared_ptr<Denoiser> denoiser,
                                                    Standardization standardization);

 private:
  Generator(GeneratorSpec spec, std::shared_ptr<Denoiser> denoiser, NoiseSchedule schedule,
            Standardization standardization);

  GeneratorSpec spec_;
  std::shared_ptr<Denoiser> denoiser_;
  NoiseSchedule schedule_;
  Standardization standardization_;
};

}  // namespace tailcast::diffusion

#endif  // TAILCAST_CORE_DIFFUSION_GENERATOR_H_
