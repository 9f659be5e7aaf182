#ifndef TAILCAST_CORE_DIFFUSION_SAMPLERS_DDIM_SAMPLER_H_
#define TAILCAST_CORE_DIFFUSION_SAMPLERS_DDIM_SAMPLER_H_

#include <cstdint>
#include <vector>

#include "core/diffusion/noise_schedule.h"
#include "core/diffusion/parameterization.h"
#include "core/diffusion/samplers/sampler.h"

namespace tailcast::diffusion {

struct DdimOptions {
  // Where the denoiser is evaluated, from noisy to clean: strictly falling, in [0, T). Each step
  // goes to the next timestep of the list, the last one to `final_alpha_bar`.
  std::vector<int64_t> timesteps = {};
  // What the denoiser predicts.
  PredictionType prediction = PredictionType::kVelocity;
  // Share of the DDPM noise added back at each step: 0 is deterministic, 1 is DDPM. Eq. 16 of the
  // paper. [0, 1]
  double eta = 0.0;
  // Bound on |x_0| at each step, in units of the standardized features (0 to disable). As in
  // diffusers the predicted noise stays what it was.
  double clip = 0.0;
  // 1: the clean data. alpha_bar_0 is the "set_alpha_to_one=False" of diffusers.
  double final_alpha_bar = 1.0;
};

// Denoising diffusion implicit models, Song et al. 2021 (https://arxiv.org/abs/2010.02502), eq. 12.
//
// Draws step 0, the initial noise, and then the step of its own of each sampler step that adds
// noise.
class DdimSampler final : public Sampler {
 public:
  // REQUIRES: options in the ranges above.
  DdimSampler(const NoiseSchedule& schedule, const DdimOptions& options);

  absl::StatusOr<at::Tensor> Sample(Evaluator& evaluator, NoiseSource& noise,
                                    absl::FunctionRef<bool()> is_cancelled) const override;

 private:
  // The numbers of one step, in float64. Without clipping a step is linear:
  //   next = from_noisy * noisy + from_prediction * prediction + sigma * fresh noise
  struct Step {
    int64_t timestep;
    double alpha_bar;
    double signal;     // of the clean data, at the next timestep
    double direction;  // of the predicted noise
    double sigma;      // of fresh noise
    double from_noisy;
    double from_prediction;
  };

  static Step MakeStep(const NoiseSchedule& schedule, const DdimOptions& options, size_t index);
  // noisy, prediction: [B, D] -> [B, D], without fresh noise
  at::Tensor Mean(const Step& step, const at::Tensor& noisy, const at::Tensor& prediction) const;

  const PredictionType prediction_;
  const double clip_;
  std::vector<Step> steps_;
};

}  // namespace tailcast::diffusion

#endif  // TAILCAST_CORE_DIFFUSION_SAMPLERS_DDIM_SAMPLER_H_
