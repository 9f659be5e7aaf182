#ifndef TAILCAST_CORE_DIFFUSION_DENOISERS_MAKE_DENOISER_H_
#define TAILCAST_CORE_DIFFUSION_DENOISERS_MAKE_DENOISER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/diffusion/denoisers/denoiser.h"

namespace tailcast::diffusion {

// Bounds on what a file or a flag may ask for.
inline constexpr int64_t kMaxFeatureDim = 65'536;
inline constexpr int64_t kMaxHiddenDim = 4096;
inline constexpr int64_t kMaxEmbeddingDim = 4096;
inline constexpr int64_t kMaxBlocks = 64;

// Which network, and its sizes; at most 2^28 weights together.
struct DenoiserSpec {
  // A name of the list in make_denoiser.cc.
  std::string architecture = "residual_mlp";
  // Width D of the features. [1, kMaxFeatureDim]
  int64_t feature_dim = 64;
  // Number of classes K. [1, kMaxPlanClasses]
  int64_t num_classes = 10;
  // Width H of the residual stream. [1, kMaxHiddenDim]
  int64_t hidden_dim = 192;
  // Width E of the timestep embedding; even. [2, kMaxEmbeddingDim]
  int64_t embedding_dim = 128;
  // Residual blocks. [1, kMaxBlocks]
  int64_t num_blocks = 3;
};

// Weights of the largest network; 1 GiB.
inline constexpr int64_t kMaxParameters = int64_t{1} << 28;

// INVALID_ARGUMENT names the field, its value and the range or the known architectures.
absl::StatusOr<std::shared_ptr<Denoiser>> MakeDenoiser(const DenoiserSpec& spec);

}  // namespace tailcast::diffusion

#endif  // TAILCAST_CORE_DIFFUSION_DENOISERS_MAKE_DENOISER_H_
