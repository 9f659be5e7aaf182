#include "core/random/normals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "core/base/digest.h"
#include "tests/core/random/normals_digest.h"

namespace tailcast {
namespace {

using ::testing::ElementsAre;

std::vector<float> Noise(const NoiseAddress& address, size_t dimension) {
  std::vector<float> noise(dimension);
  FillNoise(address, absl::MakeSpan(noise));
  return noise;
}

std::vector<uint32_t> NoiseBits(const NoiseAddress& address, size_t dimension) {
  std::vector<uint32_t> bits;
  for (const float value : Noise(address, dimension))
    bits.push_back(std::bit_cast<uint32_t>(value));
  return bits;
}

// Values of the stream contract's known_answers.txt.
TEST(NormalsTest, NoiseOfSeedZeroIsThatOfTheContract) {
  EXPECT_THAT(NoiseBits({}, 8), ElementsAre(0x3f7dbb33, 0xbf6cb6b0, 0xbf1e1b9f, 0xbef6d1b2,
                                            0x3fd359cc, 0x3f587c3a, 0xbdd11911, 0xbdecd29d));
}

TEST(NormalsTest, NoiseOfASampleIsThatOfTheContract) {
  EXPECT_THAT(NoiseBits({.seed = 42, .class_index = 3, .ordinal = 7}, 8),
              ElementsAre(0xbea8f924, 0xbfa8caca, 0xbfebb219, 0xbfa650fc, 0x3fd209a3, 0x3f8ffb8f,
                          0xbf07fb23, 0xbe92c390));
  EXPECT_THAT(NoiseBits({.seed = 42, .class_index = 4, .ordinal = 7}, 4),
              ElementsAre(0xbf690867, 0x3e904f6e, 0x4015ce1d, 0x3fc28c0b));
}

TEST(NormalsTest, NoiseOfALaterStepIsThatOfTheContract) {
  EXPECT_THAT(NoiseBits({.seed = 42, .class_index = 3, .ordinal = 7, .step = 1}, 4),
              ElementsAre(0x3f7fa4ee, 0xbfb59a76, 0xbe430bd5, 0xbf86505a));
}

TEST(NormalsTest, NoiseOfALaterAttemptIsThatOfTheContract) {
  EXPECT_THAT(NoiseBits({.seed = 42, .class_index = 3, .ordinal = 7, .attempt = 1}, 4),
              ElementsAre(0xbe6cc6bb, 0xbf808b5a, 0xbfd02a57, 0xc00f22db));
}

TEST(NormalsTest, NoiseAtTheLimitsOfTheCounterIsThatOfTheContract) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  EXPECT_THAT(NoiseBits({.seed = kMax, .class_index = (1 << 24) - 1, .ordinal = kMax}, 5),
              ElementsAre(0x401276db, 0xbfb687a3, 0x3d0e1c36, 0xbfc2cb79, 0x3f2e338d));
}

TEST(NormalsTest, NormalsOfExtremeWordsAreThoseOfTheContract) {
  std::vector<uint32_t> bits;
  for (const float value : NormalsFromWords({0, 0, 0xffffffff, 0xffffffff})) {
    bits.push_back(std::bit_cast<uint32_t>(value));
  }
  EXPECT_THAT(bits, ElementsAre(0x40d87047, 0x00000000, 0x37800000, 0xa8c90fdb));
}

TEST(NormalsTest, DigestOfManyFloatsIsThatOfTheContract) {
  Sha256 hash;
  for (int32_t j = 0; j < 256; ++j) {
    const auto noise = Noise({.seed = 42, .class_index = j % 10, .ordinal = j}, 64);
    hash.Update({reinterpret_cast<const char*>(noise.data()), noise.size() * sizeof(float)});
  }
  EXPECT_EQ(ToHex(hash.Finish()),
            "913093b44c663b519fedc95a4291f3268bdf8a11c68cf32a85ae71f381796440");
}

TEST(NormalsTest, DoublesBeforeRoundingAreThoseOfTheContract) {
  EXPECT_EQ(NormalRadius(0x12345678), 0x1.26513167d10cfp+1);
  EXPECT_EQ(NormalAngle(0x9abcdef0).cos, -0x1.95a6fd79bdb3bp-1);
  EXPECT_EQ(NormalAngle(0x9abcdef0).sin, -0x1.3864f1bee76d2p-1);
}

TEST(NormalsTest, DigestOfDoublesIsThatOfTheContract) {
  EXPECT_EQ(DigestOfDoubles(), kDoublesDigest);
}

TEST(NormalsTest, RadiusAndAngleAgreeWithTheMathLibrary) {
  for (const uint32_t word : {0u, 1u, 2u, 1000u, 1u << 31, 0xfffffffeu, 0xffffffffu, 0x95f61998u,
                              0x95f61999u, 123456789u, 0x20000000u, 0x1fffffffu, 0xe0000000u}) {
    const double u = (2.0 * word + 1.0) * 0x1p-33;
    const double log = u < 0.5 ? std::log(u) : std::log1p(u - 1.0);
    const double radius = std::sqrt(-2.0 * log);
    EXPECT_NEAR(NormalRadius(word), radius, 1e-12 * radius) << word;
    const double angle = 2.0 * std::numbers::pi * word * 0x1p-32;
    EXPECT_NEAR(NormalAngle(word).cos, std::cos(angle), 1e-11) << word;
    EXPECT_NEAR(NormalAngle(word).sin, std::sin(angle), 1e-11) << word;
  }
}

TEST(NormalsTest, PrefixOfALongerSampleIsTheShorterSample) {
  const NoiseAddress address = {.seed = 5, .class_index = 2, .ordinal = 11, .step = 3};
  const auto longest = Noise(address, 67);
  for (size_t dimension = 0; dimension < 67; ++dimension) {
    EXPECT_EQ(Noise(address, dimension),
              std::vector<float>(longest.begin(), longest.begin() + dimension));
  }
}

TEST(NormalsTest, EveryPartOfTheAddressChangesTheNoise) {
  const auto noise = Noise({}, 4);
  for (const NoiseAddress& other :
       {NoiseAddress{.seed = 1}, NoiseAddress{.seed = int64_t{1} << 40},
        NoiseAddress{.class_index = 1}, NoiseAddress{.ordinal = 1},
        NoiseAddress{.ordinal = int64_t{1} << 40}, NoiseAddress{.attempt = 1},
        NoiseAddress{.step = 1}, NoiseAddress{.step = 0xFEF}}) {
    EXPECT_NE(Noise(other, 4), noise);
  }
}

TEST(NormalsTest, MomentsAreThoseOfAStandardNormal) {
  constexpr int kSamples = 4096, kDimension = 64;
  double sum = 0, squares = 0, fourth_powers = 0;
  for (int ordinal = 0; ordinal < kSamples; ++ordinal) {
    for (const double value : Noise({.seed = 9, .ordinal = ordinal}, kDimension)) {
      sum += value;
      squares += value * value;
      fourth_powers += value * value * value * value;
    }
  }
  constexpr double kCount = kSamples * kDimension;
  EXPECT_NEAR(sum / kCount, 0.0, 5 / std::sqrt(kCount));
  EXPECT_NEAR(squares / kCount, 1.0, 5 * std::sqrt(2 / kCount));
  EXPECT_NEAR(fourth_powers / kCount, 3.0, 5 * std::sqrt(96 / kCount));
}

}  // namespace
}  // namespace tailcast
