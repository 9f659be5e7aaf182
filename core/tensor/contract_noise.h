#ifndef TAILCAST_CORE_TENSOR_CONTRACT_NOISE_H_
#define TAILCAST_CORE_TENSOR_CONTRACT_NOISE_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "core/tensor/noise_source.h"

namespace tailcast {

// Whose noise: the counters of one sample (stream contract, section 8). Ranges as NoiseAddress.
struct NoiseKey {
  int64_t seed = 0;
  int32_t class_index = 0;
  int64_t ordinal = 0;
};

// The stream contract's noise, row by row from the samples' own counters. Immutable,
// so thread-safe.
class ContractNoise final : public NoiseSource {
 public:
  ContractNoise(absl::Span<const NoiseKey> samples, int64_t feature_dim);

  // returns: [B, D] f32 on the CPU
  at::Tensor Draw(uint32_t step) override;

 private:
  const std::vector<NoiseKey> samples_;  // [B]
  const int64_t feature_dim_;
};

}  // namespace tailcast

#endif  // TAILCAST_CORE_TENSOR_CONTRACT_NOISE_H_
