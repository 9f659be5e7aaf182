#include "core/stream/sampler_program.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/status_macros.h"
#include "core/diffusion/samplers/make_sampler.h"
#include "core/diffusion/samplers/sampler.h"
#include "core/stream/conditioning.h"
#include "core/tensor/compute_threads.h"
#include "core/tensor/contract_noise.h"
#include "core/tensor/torch_status.h"

namespace tailcast::stream {
namespace {

// Everything about a sampler that no row changes.
struct Compiled {
  std::shared_ptr<const diffusion::Generator> generator;
  SamplerSpec spec;
  std::unique_ptr<diffusion::Sampler> sampler;
  std::unique_ptr<Conditioning> conditioning;
  // Of each timestep of the schedule its step; -1 where the sampler does not stop.
  std::vector<int64_t> step_of_timestep;
  // Guidance weight of each class, [K] f32; undefined if every weight is 0.
  at::Tensor guidance_weights;
};

// Answers for one tile: the conditioning of each row is looked up by its class. Classifier-free
// guidance (Ho and Salimans 2022, https://arxiv.org/abs/2207.12598) in the form
// eps + w (eps - eps_uncond): w = 0 is plain sampling, w < 0 widens a class. Right for every
// prediction type, because they are linear in each other. The conditioning of "no class" is one row
// for the whole tile.
class TileEvaluator final : public diffusion::Evaluator {
 public:
  // labels: [B] int64 in [0, K)
  TileEvaluator(const Compiled& compiled, const at::Tensor& labels,
                absl::FunctionRef<bool()> is_cancelled)
      : compiled_(compiled), labels_(labels), is_cancelled_(is_cancelled) {
    if (!compiled.guidance_weights.defined()) return;
    no_class_ = at::full({1}, compiled.generator->num_classes(), labels.options());
    weights_ = compiled.guidance_weights.index_select(/*dim=*/0, labels).unsqueeze(1);
  }

  at::Tensor Evaluate(const at::Tensor& noisy, int64_t t) override {
    const int64_t step = compiled_.step_of_timestep[static_cast<size_t>(t)];
    compiled_.conditioning->GetRows(step, labels_, rows_);
    const auto conditional = Denoise(noisy, rows_);  // [B, D]
    if (!weights_.defined()) return conditional;
    // The sampler asked before the first half of the step. What follows is thrown away.
    was_cancelled_ = was_cancelled_ || is_cancelled_();
    if (was_cancelled_) return conditional;
    compiled_.conditioning->GetRows(step, no_class_, no_class_row_);
    auto difference = Denoise(noisy, no_class_row_.expand({noisy.size(0), -1})).neg_();  // [B, D]
    return difference.add_(conditional).mul_(weights_).add_(conditional);
  }

  // True if a step was left half done.
  bool was_cancelled() const { return was_cancelled_; }

 private:
  at::Tensor Denoise(const at::Tensor& noisy, const at::Tensor& conditioning) {
    return compiled_.generator->denoiser().Denoise(noisy, conditioning);
  }

  const Compiled& compiled_;
  const at::Tensor labels_;  // [B]
  const absl::FunctionRef<bool()> is_cancelled_;
  bool was_cancelled_ = false;
  at::Tensor rows_;          // [B, C] of the last step
  at::Tensor no_class_;      // [1]; undefined without guidance
  at::Tensor no_class_row_;  // [1, C] of the last step
  at::Tensor weights_;       // [B, 1]; undefined without guidance
};

// The rows with the last one repeated up to the size of the tile.
struct PaddedRows {
  std::vector<NoiseKey> keys;
  at::Tensor labels;  // [B] int64

  PaddedRows(absl::Span<const TileRow> rows, int32_t tile_rows)
      : labels(at::empty({tile_rows}, at::TensorOptions(at::kLong))) {
    keys.reserve(static_cast<size_t>(tile_rows));
    for (int32_t i = 0; i < tile_rows; ++i) {
      const TileRow& row = rows[std::min(static_cast<size_t>(i), rows.size() - 1)];
      keys.push_back(
          {.seed = row.seed, .class_index = row.sample.class_index, .ordinal = row.sample.ordinal});
      labels.mutable_data_ptr<int64_t>()[i] = row.sample.class_index;
    }
  }
};

class CompiledProgram final : public SamplerProgram {
 public:
  explicit CompiledProgram(Compiled compiled) : compiled_(std::move(compiled)) {}

  absl::Status RunTile(absl::Span<const TileRow> rows, int32_t tile_rows,
                       absl::FunctionRef<bool()> is_cancelled,
                       absl::Span<float> out) const override {
    return CatchTorchErrors([&]() -> absl::Status {
      const c10::InferenceMode inference_mode;
      const OneComputeThread one_thread;
      CheckArguments(rows, tile_rows, out);
      const PaddedRows padded(rows, tile_rows);
      ContractNoise noise(padded.keys, feature_dim());
      TileEvaluator evaluator(compiled_, padded.labels, is_cancelled);
      ASSIGN_OR_RETURN(const at::Tensor standardized,
                       compiled_.sampler->Sample(evaluator, noise, is_cancelled));  // [B, D]
      if (evaluator.was_cancelled()) return absl::CancelledError("sampling was cancelled");
      const diffusion::Generator& generator = *compiled_.generator;
      const at::Tensor features = generator.standardization()
                                      .Restore(standardized, generator.spec().non_negative)
                                      .contiguous();
      std::copy_n(features.const_data_ptr<float>(), out.size(), out.begin());
      return absl::OkStatus();
    });
  }

  absl::StatusOr<std::shared_ptr<const SamplerProgram>> WithSampler(
      const SamplerSpec& spec) const override {
    return Compile(compiled_.generator, spec);
  }

  int64_t feature_dim() const override { return compiled_.generator->feature_dim(); }
  int64_t num_classes() const override { return compiled_.generator->num_classes(); }
  const SamplerSpec& spec() const override { return compiled_.spec; }

  double row_flops() const override {
    constexpr double kFlopsPerMultiplyAdd = 2.0;
    const int evaluations = compiled_.spec.num_steps * (UsesGuidance(compiled_.spec) ? 2 : 1);
    return kFlopsPerMultiplyAdd * evaluations *
           static_cast<double>(compiled_.generator->denoiser().row_multiply_adds());
  }

 private:
  // What only a bug can violate.
  void CheckArguments(absl::Span<const TileRow> rows, int32_t tile_rows,
                      absl::Span<float> out) const {
    const auto count = static_cast<int64_t>(rows.size());
    TORCH_CHECK(count >= 1 && count <= tile_rows, count, " rows in a tile of ", tile_rows);
    TORCH_CHECK(static_cast<int64_t>(out.size()) == count * feature_dim(), out.size(),
                " floats for ", count, " rows of ", feature_dim());
    for (const TileRow& row : rows) {
      const int32_t class_index = row.sample.class_index;
      TORCH_CHECK(class_index >= 0 && class_index < num_classes(), "class ", class_index, " of ",
                  num_classes());
    }
  }

  const Compiled compiled_;
};

// [K] f32, or undefined if no class is guided.
at::Tensor GuidanceWeights(const SamplerSpec& spec, int64_t num_classes) {
  if (!UsesGuidance(spec)) return {};
  at::Tensor weights = at::empty({num_classes}, at::TensorOptions(at::kFloat));
  for (int32_t c = 0; c < num_classes; ++c) {
    weights.mutable_data_ptr<float>()[c] = static_cast<float>(GuidanceWeightOf(spec, c));
  }
  return weights;
}

absl::StatusOr<Compiled> CompileParts(std::shared_ptr<const diffusion::Generator> generator,
                                      const SamplerSpec& spec) {
  const auto num_timesteps = static_cast<int32_t>(generator->schedule().num_timesteps());
  const auto num_classes = static_cast<int32_t>(generator->num_classes());
  RETURN_IF_ERROR(ValidateSamplerSpec(spec, num_classes, num_timesteps));
  Compiled compiled;
  compiled.spec = Canonical(spec);
  ASSIGN_OR_RETURN(compiled.sampler, diffusion::MakeSampler(compiled.spec, generator->schedule(),
                                                            generator->spec().prediction));
  const std::vector<int64_t> timesteps = TrailingTimesteps(spec.num_steps, num_timesteps);
  compiled.step_of_timestep.assign(static_cast<size_t>(num_timesteps), -1);
  for (size_t step = 0; step < timesteps.size(); ++step) {
    compiled.step_of_timestep[static_cast<size_t>(timesteps[step])] = static_cast<int64_t>(step);
  }
  compiled.conditioning =
      std::make_unique<Conditioning>(generator->denoiser(), timesteps, num_classes);
  compiled.guidance_weights = GuidanceWeights(compiled.spec, num_classes);
  compiled.generator = std::move(generator);
  return compiled;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const SamplerProgram>> SamplerProgram::Compile(
    std::shared_ptr<const diffusion::Generator> generator, const SamplerSpec& spec) {
  return CatchTorchErrors([&]() -> absl::StatusOr<std::shared_ptr<const SamplerProgram>> {
    const c10::InferenceMode inference_mode;
    const OneComputeThread one_thread;
    ASSIGN_OR_RETURN(Compiled compiled, CompileParts(std::move(generator), spec));
    return std::make_shared<const CompiledProgram>(std::move(compiled));
  });
}

}  // namespace tailcast::stream
