// The same rows in every release: digests of rows whose generator is made by integer arithmetic.
#include <algorithm>
#include <iterator>
#include <string>

#include "core/base/digest.h"
#include "gtest/gtest.h"
#include "tests/core/stream/streams.h"

namespace tailcast::stream {
namespace {

constexpr int32_t kTileRows = 64;

// Bits of LibTorch's kernels differ between processors and versions, so rows do; each platform
// that was tried has its own digest. `platform`: PlatformDigest().
struct GoldenRows {
  const char* platform;
  const char* rows;
};
// Stored together with kEngineRevision: when a row changes, raise it, and replace all of these.
constexpr int kGoldenRevision = 1;
constexpr GoldenRows kGoldenRows[] = {
    // LibTorch 2.11 on an AMD EPYC 9004, with the kernels of AVX-512, AVX2 and neither.
    {"146f93668bf0cfe9ff921dd46b4138d4b5188389e4370d1bf18877f66a1694ae",
     "8fd6de168041d111bcfd80ce9d9f3c2ee24cd266a8c716d647106fa88f2ccf4f"},
    {"4c461b964778b04c8b39e0660a0c0ffa2bb7b22944977c264af8b3345dc9ff20",
     "8fd6de168041d111bcfd80ce9d9f3c2ee24cd266a8c716d647106fa88f2ccf4f"},
    {"6095c415afdbf93bd95be80e1a5f7cfb74f026bd1f377c4c48604c5f3ae00128",
     "ae2d034a0c6a1df76d09d7140ac38bf9449cb7677981c2c1b66dd9274d7ed4c0"},
};

// Number i of a fixed sequence, exact in f32, in [-1, 1) / 2^shift.
float Number(uint32_t i, int shift) {
  const auto high = static_cast<int32_t>((i * 2'654'435'761U) >> 16) - 32'768;
  return static_cast<float>(high) / static_cast<float>(int64_t{32'768} << shift);
}

at::Tensor Numbers(at::IntArrayRef shape, uint32_t first, int shift) {
  at::Tensor tensor = at::empty(shape, at::TensorOptions(at::kFloat));
  float* const values = tensor.mutable_data_ptr<float>();
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    values[i] = Number(first + static_cast<uint32_t>(i), shift);
  }
  return tensor;
}

std::shared_ptr<const diffusion::Generator> MakeExactGenerator() {
  UseOneComputeThread();
  const diffusion::GeneratorSpec spec = SmallSpec();
  auto denoiser = diffusion::MakeDenoiser(spec.denoiser).value();
  const at::NoGradGuard no_grad;
  uint32_t first = 0;
  for (auto& parameter : denoiser->parameters()) {
    parameter.copy_(Numbers(parameter.sizes(), first, /*shift=*/2));
    first += static_cast<uint32_t>(parameter.numel());
  }
  const int64_t dim = spec.denoiser.feature_dim;
  return diffusion::Generator::FromParts(
      spec, std::move(denoiser),
      {.mean = (at::arange(dim, at::kFloat) + 8) / 16,
       .standard_deviation = (at::arange(dim, at::kFloat) + 4) / 8});
}

std::string DigestOf(const std::vector<float>& features) {
  return ToHex(Sha256Of(absl::string_view(reinterpret_cast<const char*>(features.data()),
                                          features.size() * sizeof(float))));
}

// 64 rows of all classes, with and without guidance and noise in every step.
std::string RowsDigest() {
  const auto generator = MakeExactGenerator();
  std::vector<TileRow> rows;
  for (int32_t i = 0; i < kTileRows; ++i) {
    rows.push_back({.seed = i % 3, .sample = {.class_index = i % 5, .ordinal = i * 1'000'003LL}});
  }
  std::vector<float> features;
  for (const SamplerSpec& spec :
       {SamplerSpec{.num_steps = 16}, SamplerSpec{.num_steps = 5, .eta = 1.0},
        SamplerSpec{.num_steps = 4, .guidance_weights = {1.5}}}) {
    const auto program = SamplerProgram::Compile(generator, spec).value();
    const std::vector<float> tile = RunTile(*program, rows, kTileRows);
    features.insert(features.end(), tile.begin(), tile.end());
  }
  return DigestOf(features);
}

// What the kernels below a row do here, by themselves, and what the platform says of itself.
std::string PlatformDigest() {
  const at::NoGradGuard no_grad;
  at::Tensor x = Numbers({kTileRows, 12}, 0, /*shift=*/0);
  x = at::linear(x, Numbers({32, 12}, 1000, 1), Numbers({32}, 2000, 1));
  for (const uint32_t first : {3000U, 5000U, 7000U}) {
    x = x + at::silu(at::linear(at::layer_norm(x, {32}), Numbers({32, 32}, first, 1),
                                Numbers({32}, first + 1024, 1)));
  }
  const at::Tensor angles = at::exp(Numbers({64}, 0, 0).to(at::kDouble)) * 100;
  const at::Tensor waves = at::cat({angles.sin(), angles.cos()}).to(at::kFloat);
  const at::Tensor all = at::cat({x.flatten(), waves}).contiguous();
  const float* const values = all.const_data_ptr<float>();
  NumericsFacts facts = PlatformFacts();
  facts.erase("engine_revision");
  facts["kernels"] = DigestOf(std::vector<float>(values, values + all.numel()));
  return ToHex(NumericsId(facts));
}

TEST(GoldenRowsTest, RowsChangeOnlyWithTheEngineRevision) {
  ASSERT_EQ(kEngineRevision, kGoldenRevision) << "store the rows of the new revision";
  const std::string rows = RowsDigest();
  const std::string platform = PlatformDigest();
  const auto golden = std::find_if(std::begin(kGoldenRows), std::end(kGoldenRows),
                                   [&](const GoldenRows& g) { return g.platform == platform; });
  if (golden == std::end(kGoldenRows)) {
    GTEST_SKIP() << "no digest is stored for this platform: " << platform << ", rows " << rows;
  }
  EXPECT_EQ(rows, golden->rows) << "rows have changed: raise kEngineRevision, and store the new "
                                   "digests in this test";
}

}  // namespace
}  // namespace tailcast::stream
