#include "core/diffusion/losses/noise_distance.h"

#include <ATen/ATen.h>

namespace tailcast::diffusion {

at::Tensor RowMeanSquare(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).square().mean(/*dim=*/1);
}

at::Tensor NoiseDistance(const DiffusionProcess& process, const at::Tensor& a, const at::Tensor& b,
                         const at::Tensor& timesteps) {
  const auto factor =
      NoiseDistanceFactor(process.prediction, process.schedule.AlphaBars(timesteps));  // [B] f64
  return factor.to(a.scalar_type()) * RowMeanSquare(a, b);                             // [B]
}

at::Tensor DenoisingError(const DiffusionProcess& process, const at::Tensor& predicted,
                          const NoisyBatch& batch) {
  const auto alpha_bar = process.schedule.AlphaBars(batch.timesteps).unsqueeze(1);  // [B, 1] f64
  const auto target =
      PredictionTarget(process.prediction, batch.clean, batch.noise, alpha_bar);  // [B, D]
  return RowMeanSquare(predicted, target).mean();
}

}  // namespace tailcast::diffusion
