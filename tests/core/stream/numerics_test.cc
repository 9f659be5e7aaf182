#include "core/stream/numerics.h"

#include <cstdlib>

#include "core/base/digest.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/stream/generators.h"
#include "tests/core/stream/planted_faults.h"

namespace tailcast::stream {
namespace {

using ::testing::ElementsAre;
using ::testing::IsSupersetOf;
using ::testing::Key;

Numerics Prove(std::shared_ptr<const diffusion::Generator> generator,
               const SamplerSpec& spec = {.num_steps = 4}) {
  return ProveNumerics(*SamplerProgram::Compile(std::move(generator), spec).value()).value();
}

TEST(NumericsTest, TheDefaultDenoiserIsProvenInEveryTileSize) {
  const diffusion::GeneratorSpec spec;  // the product's defaults
  const Numerics numerics = Prove(DrawGenerator(spec), {});
  EXPECT_EQ(numerics.invariance, Invariance::kRow);
  EXPECT_THAT(numerics.tile_rows, ElementsAre(16, 64, 256));
  EXPECT_EQ(numerics.largest_tile(), 256);
}

TEST(NumericsTest, FactsAreThoseOfTheContract) {
  const Numerics numerics = Prove(DrawGenerator(SmallSpec()));
  EXPECT_THAT(
      numerics.facts,
      IsSupersetOf({Key("engine_revision"), Key("device"), Key("isa"), Key("torch"), Key("onednn"),
                    Key("mkl"), Key("compute_type"), Key("mode"), Key("tiles"), Key("probe")}));
  EXPECT_EQ(numerics.facts.at("device"), "cpu");
  EXPECT_EQ(numerics.facts.at("compute_type"), "f32");
  EXPECT_EQ(numerics.facts.at("mode"), "row_invariant");
  EXPECT_EQ(numerics.facts.at("tiles"), "16,64,256");
  EXPECT_EQ(numerics.facts.at("torch").substr(0, 5), "2.11.");
  EXPECT_THAT(numerics.facts.at("onednn"), ::testing::MatchesRegex("[0-9]+\\.[0-9.]+"));
  EXPECT_THAT(numerics.facts.at("mkl"), ::testing::MatchesRegex("[0-9]+\\.[0-9.]+"));
  EXPECT_EQ(numerics.id, NumericsId(numerics.facts));
}

// Contract, section 2: row i = class i mod K, ordinal i div K, seed 0, f32 bytes.
TEST(NumericsTest, TheProbeIsTheDigestOf1024Rows) {
  const auto program =
      SamplerProgram::Compile(DrawGenerator(SmallSpec(7)), {.num_steps = 4}).value();
  std::vector<TileRow> rows;
  for (int32_t i = 0; i < 1024; ++i) rows.push_back({0, {i % 7, i / 7}});
  std::vector<float> features;
  for (auto tile = rows.begin(); tile != rows.end(); tile += 256) {
    const std::vector<float> computed = RunTile(*program, {tile, tile + 256}, 256);
    features.insert(features.end(), computed.begin(), computed.end());
  }
  const absl::string_view bytes(reinterpret_cast<const char*>(features.data()),
                                features.size() * sizeof(float));
  EXPECT_EQ(ProveNumerics(*program)->facts.at("probe"), ToHex(Sha256Of(bytes)));
}

TEST(NumericsTest, ProvingAgainGivesTheSameId) {
  EXPECT_EQ(Prove(DrawGenerator(SmallSpec())).id, Prove(DrawGenerator(SmallSpec())).id);
}

TEST(NumericsTest, AnotherGeneratorHasAnotherProbe) {
  diffusion::GeneratorSpec other = SmallSpec();
  other.prediction = diffusion::PredictionType::kNoise;
  EXPECT_NE(Prove(DrawGenerator(SmallSpec())).id, Prove(DrawGenerator(other)).id);
}

TEST(NumericsTest, CapsOfTheEnvironmentAreFacts) {
  ASSERT_EQ(PlatformFacts().count("mkl_cbwr"), 0) << "this test needs MKL_CBWR unset";
  setenv("MKL_CBWR", "AVX2", /*overwrite=*/1);
  setenv("ONEDNN_MAX_CPU_ISA", "AVX2", /*overwrite=*/1);
  const NumericsFacts facts = PlatformFacts();
  unsetenv("MKL_CBWR");
  unsetenv("ONEDNN_MAX_CPU_ISA");
  EXPECT_EQ(facts.at("mkl_cbwr"), "avx2");
  EXPECT_EQ(facts.at("onednn_max_isa"), "avx2");
}

template <typename Fault>
class DependentRowsTest : public ::testing::Test {};
using DependentRows = ::testing::Types<BatchMeanFault, LastRowsFault, NeighbourFault>;
TYPED_TEST_SUITE(DependentRowsTest, DependentRows);

TYPED_TEST(DependentRowsTest, AreCaughtAndFallBackToAlignedTiles) {
  const Numerics numerics = Prove(PlantedGenerator<TypeParam>(SmallSpec()));
  EXPECT_EQ(numerics.invariance, Invariance::kAlignedTile);
  EXPECT_THAT(numerics.tile_rows, ElementsAre(kAlignedTileRows));
  EXPECT_EQ(numerics.facts.at("mode"), "aligned_tile=256");
  EXPECT_EQ(numerics.facts.at("tiles"), "256");
}

TEST(NumericsTest, ASizeWithOtherBitsIsLeftOut) {
  EXPECT_THAT(Prove(PlantedGenerator<TileSizeFault<16>>(SmallSpec())).tile_rows,
              ElementsAre(64, 256));
  EXPECT_THAT(Prove(PlantedGenerator<TileSizeFault<64>>(SmallSpec())).tile_rows,
              ElementsAre(16, 256));
  EXPECT_THAT(Prove(PlantedGenerator<TileSizeFault<256>>(SmallSpec())).tile_rows,
              ElementsAre(16, 64));
}

TEST(NumericsTest, ASizeWhoseRowsDependOnTheirPlaceIsLeftOut) {
  const Numerics without_16 = Prove(PlantedGenerator<PlaceFault<16>>(SmallSpec()));
  EXPECT_THAT(without_16.tile_rows, ElementsAre(64, 256));
  EXPECT_EQ(without_16.invariance, Invariance::kRow);
  EXPECT_THAT(Prove(PlantedGenerator<PlaceFault<256>>(SmallSpec())).tile_rows, ElementsAre(16, 64));
}

// Sound for conditioning of a row of its own; depends on the tile where one row stands for all, as
// guidance has it.
class SharedConditioningFault final : public WrappedDenoiser {
 public:
  using WrappedDenoiser::WrappedDenoiser;
  at::Tensor Denoise(const at::Tensor& noisy, const at::Tensor& conditioning) override {
    auto rows = WrappedDenoiser::Denoise(noisy, conditioning).clone();
    if (conditioning.stride(0) == 0) rows.select(/*dim=*/0, rows.size(0) - 1).mul_(1.0 + 1e-6);
    return rows;
  }
};

TEST(NumericsTest, AFaultOfGuidedStreamsIsCaughtThoughTheDefaultSamplerIsNotGuided) {
  EXPECT_EQ(Prove(PlantedGenerator<SharedConditioningFault>(SmallSpec())).invariance,
            Invariance::kAlignedTile);
  EXPECT_EQ(Prove(PlantedGenerator<SharedConditioningFault>(SmallSpec()),
                  {.num_steps = 4, .guidance_weights = {0.5}})
                .invariance,
            Invariance::kAlignedTile);
}

TEST(NumericsTest, ACancelledProofEnds) {
  const auto program = SamplerProgram::Compile(DrawGenerator(SmallSpec()), {.num_steps = 4});
  int calls = 0;
  const auto numerics = ProveNumerics(**program, [&calls] { return ++calls > 9; });
  EXPECT_EQ(numerics.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(calls, 10);
}

TEST(NumericsTest, TileSizesArePartOfTheId) {
  EXPECT_NE(Prove(PlantedGenerator<TileSizeFault<16>>(SmallSpec())).id,
            Prove(DrawGenerator(SmallSpec())).id);
}

class FailingDenoiser final : public WrappedDenoiser {
 public:
  using WrappedDenoiser::WrappedDenoiser;
  at::Tensor Denoise(const at::Tensor& noisy, const at::Tensor&) override {
    return at::matmul(noisy, at::zeros({1, 1}));
  }
};

// Answers NaN where it is asked for class 3.
class NanDenoiser final : public WrappedDenoiser {
 public:
  using WrappedDenoiser::WrappedDenoiser;
  at::Tensor Condition(const at::Tensor& timesteps, const at::Tensor& labels) override {
    const auto wrong = labels.eq(3).unsqueeze(1);
    return WrappedDenoiser::Condition(timesteps, labels).masked_fill(wrong, std::nanf(""));
  }
};

TEST(NumericsTest, AGeneratorOfFeaturesThatAreNotFiniteIsRefusedByRow) {
  const auto program =
      SamplerProgram::Compile(PlantedGenerator<NanDenoiser>(SmallSpec()), {.num_steps = 4}).value();

  const absl::Status refused = ProveNumerics(*program).status();

  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.message(),
              ::testing::HasSubstr("probe row 3 (class 3, ordinal 0), dimension 0 is nan"));
}

TEST(NumericsTest, AnErrorOfTheKernelsIsAnErrorOfTheProof) {
  const auto program =
      SamplerProgram::Compile(PlantedGenerator<FailingDenoiser>(SmallSpec()), {}).value();
  EXPECT_EQ(ProveNumerics(*program).status().code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace tailcast::stream
