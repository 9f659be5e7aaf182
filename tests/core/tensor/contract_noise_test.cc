#include "core/tensor/contract_noise.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/random/normals.h"

namespace tailcast {
namespace {

constexpr int64_t kDim = 7;
const std::vector<NoiseKey> kSamples = {
    {.seed = 42, .class_index = 3, .ordinal = 7},
    {.seed = 42, .class_index = 4, .ordinal = 7},
    {.seed = 1, .class_index = 3, .ordinal = 1'000'000'000'000}};

TEST(ContractNoiseTest, EveryStepHasTheContractsNoiseInAnyOrder) {
  ContractNoise noise(kSamples, kDim);
  for (const uint32_t step : {2u, 0u, 1u, 0u}) {
    const auto drawn = noise.Draw(step);
    ASSERT_EQ(drawn.sizes(), at::IntArrayRef({3, kDim}));
    for (size_t row = 0; row < kSamples.size(); ++row) {
      std::vector<float> expected(kDim);
      FillNoise({.seed = kSamples[row].seed,
                 .class_index = kSamples[row].class_index,
                 .ordinal = kSamples[row].ordinal,
                 .step = step},
                absl::MakeSpan(expected));
      EXPECT_TRUE(at::equal(drawn[static_cast<int64_t>(row)], at::tensor(expected)))
          << "step " << step << " row " << row;
    }
  }
}

// Values of the stream contract's reference implementation: noise (42, 3, 7, 8).
TEST(ContractNoiseTest, StartsWithTheContractsKnownValues) {
  const auto drawn = ContractNoise(std::vector<NoiseKey>{kSamples[0]}, 4).Draw(0);

  const float* values = drawn.const_data_ptr<float>();
  EXPECT_EQ(values[0], -0.330025792f);
  EXPECT_EQ(values[1], -1.31868863f);
}

TEST(ContractNoiseTest, ARowDoesNotDependOnItsNeighbours) {
  ContractNoise together(kSamples, kDim);
  ContractNoise alone(std::vector<NoiseKey>{kSamples[2]}, kDim);

  EXPECT_TRUE(at::equal(together.Draw(0)[2], alone.Draw(0)[0]));
  EXPECT_TRUE(at::equal(together.Draw(1)[2], alone.Draw(1)[0]));
}

}  // namespace
}  // namespace tailcast
