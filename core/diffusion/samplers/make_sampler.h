#ifndef TAILCAST_CORE_DIFFUSION_SAMPLERS_MAKE_SAMPLER_H_
#define TAILCAST_CORE_DIFFUSION_SAMPLERS_MAKE_SAMPLER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "core/contract/sampler_spec.h"
#include "core/diffusion/noise_schedule.h"
#include "core/diffusion/parameterization.h"
#include "core/diffusion/samplers/sampler.h"

namespace tailcast::diffusion {

// The sampler of a spec, with trailing timesteps. Guidance is the evaluator's business.
// INVALID_ARGUMENT names `stream.sampler.method` if it is not served.
// REQUIRES: a spec that ValidateSamplerSpec() accepts for schedule.num_timesteps().
absl::StatusOr<std::unique_ptr<Sampler>> MakeSampler(const SamplerSpec& spec,
                                                     const NoiseSchedule& schedule,
                                                     PredictionType prediction);

}  // namespace tailcast::diffusion

#endif  // TAILCAST_CORE_DIFFUSION_SAMPLERS_MAKE_SAMPLER_H_
