#ifndef TAILCAST_CORE_DIFFUSION_LOSSES_NOISE_DISTANCE_H_
#define TAILCAST_CORE_DIFFUSION_LOSSES_NOISE_DISTANCE_H_

#include <ATen/core/Tensor.h>

#include "core/diffusion/losses/diffusion_loss.h"

namespace tailcast::diffusion {

// a, b: [B, D] -> [B]
at::Tensor RowMeanSquare(const at::Tensor& a, const at::Tensor& b);

// Mean over dimensions of the squared difference of the noise that two predictions for the same
// noisy rows imply, whatever they predict. The papers weigh this distance by t.
//
// a, b: [B, D] predictions; timesteps: [B] int64 -> [B]
at::Tensor NoiseDistance(const DiffusionProcess& process, const at::Tensor& a, const at::Tensor& b,
                         const at::Tensor& timesteps);

// Mean square error of the predictions against what a perfect denoiser would answer. -> []
at::Tensor DenoisingError(const DiffusionProcess& process, const at::Tensor& predicted,
                          const NoisyBatch& batch);

}  // namespace tailcast::diffusion

#endif  // TAILCAST_CORE_DIFFUSION_LOSSES_NOISE_DISTANCE_H_
