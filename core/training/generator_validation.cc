#include "core/training/generator_validation.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/diffusion/losses/noise_distance.h"
#include "core/training/keyed_rng.h"

namespace tailcast::training {
namespace {

// The same for every generator, so that their errors compare.
constexpr int64_t kSeed = 0;
// Times that each row is seen, at another timestep each.
constexpr int64_t kPasses = 8;
constexpr int64_t kChunkRows = 1024;

}  // namespace

double DenoisingErrorOn(const at::Tensor& standardized, const at::Tensor& labels,
                        const diffusion::DiffusionProcess& process, diffusion::Denoiser& denoiser) {
  const at::NoGradGuard no_grad;
  const auto rng = KeyedRng(kSeed, RngPurpose::kValidation, /*index=*/0);
  const int64_t num_rows = standardized.size(0);
  double sum = 0.0;
  for (int64_t pass = 0; pass < kPasses; ++pass) {
    for (int64_t start = 0; start < num_rows; start += kChunkRows) {
      const int64_t count = std::min(kChunkRows, num_rows - start);
      const auto clean = standardized.narrow(/*dim=*/0, start, count);  // [B, D]
      const auto noise = at::randn(clean.sizes(), rng, clean.options());
      const auto timesteps = at::randint(process.schedule.num_timesteps(), {count}, rng,
                                         labels.options());  // [B]
      const diffusion::NoisyBatch batch = {
          .clean = clean,
          .noise = noise,
          .noisy = process.schedule.AddNoise(clean, noise, timesteps),
          .timesteps = timesteps,
          .labels = labels.narrow(/*dim=*/0, start, count)};
      const auto predicted = denoiser.forward(batch.noisy, batch.timesteps, batch.labels);
      sum += DenoisingError(process, predicted, batch).item<double>() * static_cast<double>(count);
    }
  }
  return sum / static_cast<double>(kPasses * num_rows);
}

}  // namespace tailcast::training
