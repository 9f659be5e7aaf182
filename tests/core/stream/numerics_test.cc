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
  const std::vector<float> features = RunTile(*program, rows, 1024);
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

TEST(NumericsTest, AnErrorOfTheKernelsIsAnErrorOfTheProof) {
  const auto program =
      SamplerProgram::Compile(PlantedGenerator<FailingDenoiser>(SmallSpec()), {}).value();
  EXPECT_EQ(ProveNumerics(*program).status().code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace tailcast::stream
