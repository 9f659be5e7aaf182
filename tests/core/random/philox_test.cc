#include "core/random/philox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tailcast {
namespace {

using ::testing::ElementsAre;

constexpr uint32_t kOnes = 0xFFFFFFFF;

// Known answers of Random123, philox4x32-10.
TEST(PhiloxTest, MeetsTheKnownAnswersOfRandom123) {
  EXPECT_THAT(Philox({0, 0, 0, 0}, {0, 0}),
              ElementsAre(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  EXPECT_THAT(Philox({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
              ElementsAre(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  EXPECT_THAT(Philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
              ElementsAre(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1));
}

TEST(PhiloxTest, WordsOfOneSampleAreThoseOfTheContract) {
  // Seed 42, class 3, ordinal 7, step 0, lane 0.
  EXPECT_THAT(Philox({7, 0, 3, 0}, PhiloxKeyOf(42)),
              ElementsAre(0x659ef2d0, 0xb60225b4, 0x14334a91, 0x99097b19));
}

TEST(PhiloxTest, KeyHoldsLowAndHighWordOfTheSeed) {
  EXPECT_THAT(PhiloxKeyOf(0x0123456789abcdef), ElementsAre(0x89abcdef, 0x01234567));
}

TEST(PhiloxTest, IsAConstantExpression) {
  static_assert(Philox({0, 0, 0, 0}, {0, 0})[0] == 0x6627e8d5);
}

}  // namespace
}  // namespace tailcast
