#ifndef TAILCAST_TESTS_CORE_STREAM_GENERATORS_H_
#define TAILCAST_TESTS_CORE_STREAM_GENERATORS_H_

#include <atomic>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/diffusion/denoisers/make_denoiser.h"
#include "core/diffusion/generator.h"
#include "core/stream/sampler_program.h"
#include "core/tensor/compute_threads.h"

namespace tailcast::stream {

// Generators whose weights are drawn: nothing is learnt, but every weight matters.

// Small, for tests that look at few rows of many kinds.
inline diffusion::GeneratorSpec SmallSpec(int64_t num_classes = 5) {
  diffusion::GeneratorSpec spec;
  spec.denoiser.feature_dim = 12;
  spec.denoiser.num_classes = num_classes;
  spec.denoiser.hidden_dim = 32;
  spec.denoiser.embedding_dim = 16;
  spec.denoiser.num_blocks = 2;
  return spec;
}

// Leaves one compute thread, as programs run: two on a busy machine take seconds for nothing.
inline std::shared_ptr<diffusion::Denoiser> DrawDenoiser(const diffusion::DenoiserSpec& spec) {
  UseOneComputeThread();
  auto denoiser = diffusion::MakeDenoiser(spec).value();
  const at::NoGradGuard no_grad;
  at::Generator rng = at::detail::createCPUGenerator(/*seed_val=*/7);
  for (auto& parameter : denoiser->parameters()) {
    const auto inputs = static_cast<double>(parameter.dim() > 1 ? parameter.size(1) : 16);
    parameter.normal_(/*mean=*/0.0, /*std=*/1.0 / std::sqrt(inputs), rng);
  }
  return denoiser;
}

// With mean and deviation of its own in every dimension.
inline std::shared_ptr<const diffusion::Generator> MakeGenerator(
    const diffusion::GeneratorSpec& spec, std::shared_ptr<diffusion::Denoiser> denoiser) {
  const int64_t dim = spec.denoiser.feature_dim;
  return diffusion::Generator::FromParts(
      spec, std::move(denoiser),
      {.mean = at::linspace(0.5, 1.5, dim), .standard_deviation = at::linspace(0.25, 2.0, dim)});
}

inline std::shared_ptr<const diffusion::Generator> DrawGenerator(
    const diffusion::GeneratorSpec& spec) {
  return MakeGenerator(spec, DrawDenoiser(spec.denoiser));
}

// A denoiser that passes everything on: base of those with planted faults.
class WrappedDenoiser : public diffusion::Denoiser {
 public:
  explicit WrappedDenoiser(std::shared_ptr<diffusion::Denoiser> inner) : inner_(std::move(inner)) {}

  at::Tensor Condition(const at::Tensor& timesteps, const at::Tensor& labels) override {
    return inner_->Condition(timesteps, labels);
  }
  at::Tensor Denoise(const at::Tensor& noisy, const at::Tensor& conditioning) override {
    return inner_->Denoise(noisy, conditioning);
  }
  int64_t row_multiply_adds() const override { return inner_->row_multiply_adds(); }
  void Initialize(at::Generator rng) override { inner_->Initialize(std::move(rng)); }

 private:
  const std::shared_ptr<diffusion::Denoiser> inner_;
};

// Counts its evaluations, from their beginning.
class CountingDenoiser final : public WrappedDenoiser {
 public:
  using WrappedDenoiser::WrappedDenoiser;
  at::Tensor Denoise(const at::Tensor& noisy, const at::Tensor& conditioning) override {
    ++count;
    return WrappedDenoiser::Denoise(noisy, conditioning);
  }
  std::atomic<int> count = 0;
};

template <typename Fault>
std::shared_ptr<const diffusion::Generator> PlantedGenerator(const diffusion::GeneratorSpec& spec) {
  return MakeGenerator(spec, std::make_shared<Fault>(DrawDenoiser(spec.denoiser)));
}

inline bool NeverCancelled() { return false; }

// One tile; rows.size() * feature_dim floats.
inline std::vector<float> RunTile(const SamplerProgram& program, const std::vector<TileRow>& rows,
                                  int32_t tile_rows) {
  std::vector<float> out(rows.size() * static_cast<size_t>(program.feature_dim()));
  const absl::Status status = program.RunTile(rows, tile_rows, NeverCancelled, absl::MakeSpan(out));
  if (!status.ok()) out.assign(out.size(), std::nanf(""));
  return out;
}

}  // namespace tailcast::stream

#endif  // TAILCAST_TESTS_CORE_STREAM_GENERATORS_H_
