#ifndef TAILCAST_CORE_TRAINING_GENERATOR_VALIDATION_H_
#define TAILCAST_CORE_TRAINING_GENERATOR_VALIDATION_H_

#include <ATen/core/Tensor.h>

#include "core/diffusion/denoisers/denoiser.h"
#include "core/diffusion/losses/diffusion_loss.h"

namespace tailcast::training {

// Mean square error of the prediction on rows that were not trained on, at timesteps and with noise
// that depend on nothing but the rows' number, so that two generators compare.
//
// standardized: [M, D], M >= 1; labels: [M] int64
double DenoisingErrorOn(const at::Tensor& standardized, const at::Tensor& labels,
                        const diffusion::DiffusionProcess& process, diffusion::Denoiser& denoiser);

}  // namespace tailcast::training

#endif  // TAILCAST_CORE_TRAINING_GENERATOR_VALIDATION_H_
