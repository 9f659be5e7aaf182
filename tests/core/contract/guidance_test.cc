#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/contract/sampler_spec.h"

namespace tailcast {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(GuidanceTest, GoesFromHeadToTailWithTheLogarithmOfTheCount) {
  EXPECT_THAT(GuidanceByClass(0.0, -1.0, {1000, 100, 10, 1}),
              ElementsAre(0.0, -0.333333, -0.666667, -1.0));
}

TEST(GuidanceTest, OrderOfClassesDoesNotMatter) {
  EXPECT_THAT(GuidanceByClass(2.0, 4.0, {10, 1000, 100}), ElementsAre(4.0, 2.0, 3.0));
}

TEST(GuidanceTest, EqualCountsAllGetTheHeadsWeight) {
  EXPECT_THAT(GuidanceByClass(-0.1, -0.5, {7, 7, 7}), Each(-0.1));
  EXPECT_THAT(GuidanceByClass(-0.1, -0.5, {7}), ElementsAre(-0.1));
}

TEST(GuidanceTest, ACountBelowOneCountsAsOne) {
  EXPECT_THAT(GuidanceByClass(0.0, 1.0, {100, 0, 1}), ElementsAre(0.0, 1.0, 1.0));
  EXPECT_THAT(GuidanceByClass(0.25, 1.0, {0, 0}), Each(0.25));
}

TEST(GuidanceTest, OneNumberIsOneWeight) {
  EXPECT_THAT(*ParseGuidance("-0.25", {5, 1}), ElementsAre(-0.25));
  EXPECT_THAT(*ParseGuidance("0", {}), ElementsAre(0.0));
}

TEST(GuidanceTest, TwoNumbersAreOneWeightPerClass) {
  EXPECT_THAT(*ParseGuidance("0:-0.5", {100, 10, 1}), ElementsAre(0.0, -0.25, -0.5));
}

TEST(GuidanceTest, RangeIsAcceptedUpToItsLimits) {
  EXPECT_TRUE(ParseGuidance("-1:32", {2, 1}).ok());
  EXPECT_FALSE(ParseGuidance("-1.000001", {2, 1}).ok());
  EXPECT_FALSE(ParseGuidance("0:32.000001", {2, 1}).ok());
}

TEST(GuidanceTest, WrongTextIsNamed) {
  for (const char* text : {"", ":", "1:", ":1", "1:2:3", "nan", "inf", "-inf:0", "0x", "1e", "a",
                           "0,1", "33", "1e999"}) {
    const auto weights = ParseGuidance(text, {5, 1});
    EXPECT_EQ(weights.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(weights.status().message()),
                HasSubstr("guidance '" + std::string(text) + "' is wrong"));
  }
}

TEST(GuidanceTest, HeadAndTailNeedClassCounts) { EXPECT_FALSE(ParseGuidance("0:1", {}).ok()); }

}  // namespace
}  // namespace tailcast
