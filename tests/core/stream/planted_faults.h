#ifndef TAILCAST_TESTS_CORE_STREAM_PLANTED_FAULTS_H_
#define TAILCAST_TESTS_CORE_STREAM_PLANTED_FAULTS_H_

#include "tests/core/stream/generators.h"

namespace tailcast::stream {

// Kernels whose rows depend on the tile. Each fault is near the last bit of a float, as a real one
// would be.

// Subtracts a trace of the batch's mean.
class BatchMeanFault final : public WrappedDenoiser {
 public:
  using WrappedDenoiser::WrappedDenoiser;
  at::Tensor Denoise(const at::Tensor& noisy, const at::Tensor& conditioning) override {
    const auto rows = WrappedDenoiser::Denoise(noisy, conditioning);
    return rows - 1e-4 * rows.mean(/*dim=*/0, /*keepdim=*/true);
  }
};

// Rounds the rows at the end of a tile, behind the last full vector of 8, another way.
class LastRowsFault final : public WrappedDenoiser {
 public:
  using WrappedDenoiser::WrappedDenoiser;
  at::Tensor Denoise(const at::Tensor& noisy, const at::Tensor& conditioning) override {
    auto rows = WrappedDenoiser::Denoise(noisy, conditioning).clone();
    rows.narrow(/*dim=*/0, rows.size(0) - 1, 1).mul_(1.0 + 1e-6);
    return rows;
  }
};

// Every row takes a trace of the one before it.
class NeighbourFault final : public WrappedDenoiser {
 public:
  using WrappedDenoiser::WrappedDenoiser;
  at::Tensor Denoise(const at::Tensor& noisy, const at::Tensor& conditioning) override {
    const auto rows = WrappedDenoiser::Denoise(noisy, conditioning);
    return rows + 1e-6 * rows.roll(/*shifts=*/1, /*dims=*/0);
  }
};

// Another kernel for tiles of exactly `tile_rows`; within a tile all is well.
template <int64_t tile_rows>
class TileSizeFault final : public WrappedDenoiser {
 public:
  using WrappedDenoiser::WrappedDenoiser;
  at::Tensor Denoise(const at::Tensor& noisy, const at::Tensor& conditioning) override {
    const auto rows = WrappedDenoiser::Denoise(noisy, conditioning);
    return noisy.size(0) == tile_rows ? rows * (1.0 + 1e-6) : rows;
  }
};

// Rows depend on their place, but only in tiles of exactly `tile_rows`.
template <int64_t tile_rows>
class PlaceFault final : public WrappedDenoiser {
 public:
  using WrappedDenoiser::WrappedDenoiser;
  at::Tensor Denoise(const at::Tensor& noisy, const at::Tensor& conditioning) override {
    auto rows = WrappedDenoiser::Denoise(noisy, conditioning).clone();
    if (noisy.size(0) == tile_rows) rows[3].mul_(1.0 + 1e-6);
    return rows;
  }
};

}  // namespace tailcast::stream

#endif  // TAILCAST_TESTS_CORE_STREAM_PLANTED_FAULTS_H_
