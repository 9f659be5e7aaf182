#ifndef TAILCAST_CORE_DIFFUSION_DENOISERS_MAKE_DENOISER_H_
#define TAILCAST_CORE_DIFFUSION_DENOISERS_MAKE_DENOISER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/diffusion/denoisers/denoiser.h"

namespace tailcast::diffusion {

// Which network, and its sizes; at most 2^28 weights together.
struct DenoiserSpec {
  // A name of the list in make_denoiser.cc.
  std::string architecture = "residual_mlp";
  // Width D of the features. [1, 65536]
  int64_t feature_dim = 64;
  // Number of classes K. [1, 65536]
  int64_t num_classes = 10;
  // Width H of the residual stream. [1, 4096]
  int64_t hidden_dim = 192;
  // Width E of the timestep embedding; even. [2, 4096]
  int64_t embedding_dim = 128;
  // Residual blocks. [1, 64]
  int64_t num_blocks = 3;
};

// Weights of the largest network; 1 GiB.
inline constexpr int64_t kMaxParameters = int64_t{1} << 28;

// INVALID_ARGUMENT names the field, its value and the range or the known architectures.
absl::StatusOr<std::shared_ptr<Denoiser>> MakeDenoiser(const DenoiserSpec& spec);

}  // namespace tailcast::diffusion

#endif  // TAILCAST_CORE_DIFFUSION_DENOISERS_MAKE_DENOISER_H_
