#include "core/diffusion/samplers/make_sampler.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/diffusion/samplers/ddim_sampler.h"

namespace tailcast::diffusion {

absl::StatusOr<std::unique_ptr<Sampler>> MakeSampler(const SamplerSpec& spec,
                                                     const NoiseSchedule& schedule,
                                                     PredictionType prediction) {
  const auto timesteps =
      TrailingTimesteps(spec.num_steps, static_cast<int32_t>(schedule.num_timesteps()));
  switch (spec.method) {
    case SamplerMethod::kDdim:
      return std::make_unique<DdimSampler>(
          schedule, DdimOptions{.timesteps = timesteps, .prediction = prediction, .eta = spec.eta});
    case SamplerMethod::kDdpm:
    case SamplerMethod::kDpmSolver:
      break;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("stream.sampler.method: ", SamplerMethodName(spec.method),
                   " is not served yet; expected ddim"));
}

}  // namespace tailcast::diffusion
