#include "core/tensor/contract_noise.h"

#include <ATen/ATen.h>

#include "core/random/normals.h"

namespace tailcast {

ContractNoise::ContractNoise(absl::Span<const NoiseKey> samples, int64_t feature_dim)
    : samples_(samples.begin(), samples.end()), feature_dim_(feature_dim) {}

at::Tensor ContractNoise::Draw(uint32_t step) {
  const auto num_samples = static_cast<int64_t>(samples_.size());
  const auto noise = at::empty({num_samples, feature_dim_}, at::TensorOptions(at::kFloat));
  float* row = noise.mutable_data_ptr<float>();
  for (const NoiseKey& sample : samples_) {
    FillNoise({.seed = sample.seed,
               .class_index = sample.class_index,
               .ordinal = sample.ordinal,
               .step = step},
              absl::MakeSpan(row, feature_dim_));
    row += feature_dim_;
  }
  return noise;  // [B, D]
}

}  // namespace tailcast
