#include "core/contract/balance_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tailcast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

using Counts = std::vector<int64_t>;

std::vector<std::pair<int32_t, int64_t>> WeightsOf(const absl::StatusOr<PlanSpec>& spec) {
  EXPECT_TRUE(spec.ok()) << spec.status();
  std::vector<std::pair<int32_t, int64_t>> weights;
  if (!spec.ok()) return weights;
  for (const ClassWeight& entry : spec->class_weights) {
    weights.emplace_back(entry.class_index, entry.weight);
    EXPECT_EQ(entry.first_ordinal, 0);
  }
  return weights;
}

std::string ErrorOf(const absl::StatusOr<PlanSpec>& spec) {
  if (spec.ok()) return "no error";
  EXPECT_EQ(spec.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(spec.status().message());
}

TEST(BalanceRuleTest, BalanceToFillsEachClassUpToTheTarget) {
  EXPECT_THAT(WeightsOf(PlanFromRule("balance-to=100", Counts{100, 60, 1})),
              ElementsAre(Pair(1, 40), Pair(2, 99)));
}

TEST(BalanceRuleTest, BalanceToLeavesOutClassesAboveTheTarget) {
  EXPECT_THAT(WeightsOf(PlanFromRule("balance-to=50", Counts{100, 60, 10})),
              ElementsAre(Pair(2, 40)));
}

TEST(BalanceRuleTest, BalanceToGivesPlanBOfTheContract) {
  const Counts counts = {5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50};
  auto spec = *PlanFromRule("balance-to=5000", counts);
  spec.order_seed = 1;
  EXPECT_EQ(ToHex(Plan::Create(spec)->digest()),
            "17368c7568762b96057475e4bb14955d13a610cb9bad4c9fc0ef04b61d5abde7");
}

TEST(BalanceRuleTest, RatioRoundsHalfToEven) {
  EXPECT_THAT(WeightsOf(PlanFromRule("ratio=0.5", Counts{1, 2, 3, 4, 5, 7, 9})),
              ElementsAre(Pair(1, 1), Pair(2, 2), Pair(3, 2), Pair(4, 2), Pair(5, 4), Pair(6, 4)));
  EXPECT_THAT(WeightsOf(PlanFromRule("ratio=2.5", Counts{1, 3})),
              ElementsAre(Pair(0, 2), Pair(1, 8)));
}

TEST(BalanceRuleTest, RatioRoundsOtherwiseToTheNearest) {
  EXPECT_THAT(WeightsOf(PlanFromRule("ratio=0.2", Counts{3, 7, 8, 12})),
              ElementsAre(Pair(0, 1), Pair(1, 1), Pair(2, 2), Pair(3, 2)));
}

TEST(BalanceRuleTest, EachGivesEveryClassTheSame) {
  EXPECT_THAT(WeightsOf(PlanFromRule("each=7", Counts{5, 1})), ElementsAre(Pair(0, 7), Pair(1, 7)));
}

TEST(BalanceRuleTest, CountsAreTakenAsGivenWithoutZeros) {
  EXPECT_THAT(WeightsOf(PlanFromRule("counts=3,0,2", Counts{5, 0, 1})),
              ElementsAre(Pair(0, 3), Pair(2, 2)));
}

TEST(BalanceRuleTest, ANewPlanStartsAtTheFirstOrdinalInOrderOfSeedZero) {
  const auto spec = *PlanFromRule("each=1", Counts{1});
  EXPECT_EQ(spec.order_seed, 0);
  EXPECT_EQ(spec.repeat_period_count, 0);
}

TEST(BalanceRuleTest, UnknownRulesAreNamedWithThoseThatExist) {
  for (const char* rule : {"", "fill=3", "balance_to=3", "Each=3", "each", "=3"}) {
    const std::string error = ErrorOf(PlanFromRule(rule, Counts{5, 1}));
    EXPECT_THAT(error, HasSubstr(absl::StrCat("plan '", rule, "' is wrong"))) << rule;
  }
  EXPECT_THAT(ErrorOf(PlanFromRule("fill=3", Counts{5})),
              HasSubstr("expected balance-to=N, ratio=R, each=N or counts=A,B,..."));
}

TEST(BalanceRuleTest, MalformedNumbersAreNamed) {
  for (const char* rule :
       {"each=", "each=x", "each=1.5", "each=-1", "each=99999999999999999999", "balance-to=-3",
        "balance-to=1e3", "ratio=", "ratio=-0.1", "ratio=nan", "ratio=inf", "ratio=1e999",
        "counts=1,,2", "counts=1,-2,3", "counts=1,2,x"}) {
    EXPECT_THAT(ErrorOf(PlanFromRule(rule, Counts{5, 1, 1})),
                HasSubstr(absl::StrCat("plan '", rule, "' is wrong")));
  }
}

TEST(BalanceRuleTest, TheFormOfARuleIsCheckedWithoutCounts) {
  for (const char* rule : {"balance-to=5", "ratio=0.5", "each=7", "counts=3", "counts=3,0,2"}) {
    EXPECT_TRUE(CheckBalanceRule(rule).ok()) << rule;
  }
  for (const char* rule :
       {"", "fill=3", "each=-1", "ratio=nan", "counts=1,,2", "counts=", "each=1,2"}) {
    EXPECT_EQ(CheckBalanceRule(rule).code(), absl::StatusCode::kInvalidArgument) << rule;
  }
}

TEST(BalanceRuleTest, WrongNumberOfCountsIsNamed) {
  EXPECT_THAT(ErrorOf(PlanFromRule("counts=1,2", Counts{5, 1, 1})),
              HasSubstr("expected 3 counts, one per class, not 2"));
}

TEST(BalanceRuleTest, PlansThatSumToZeroAreRefused) {
  for (const char* rule : {"each=0", "balance-to=0", "balance-to=1", "ratio=0", "counts=0,0"}) {
    EXPECT_THAT(ErrorOf(PlanFromRule(rule, Counts{5, 1})), HasSubstr("not of 0 rows")) << rule;
  }
}

TEST(BalanceRuleTest, AClassWithoutTrainingRowsIsNamed) {
  const Counts counts = {5, 0, 1};
  for (const char* rule : {"each=2", "balance-to=4", "counts=0,1,0"}) {
    EXPECT_THAT(ErrorOf(PlanFromRule(rule, counts)),
                HasSubstr("rows of class 1, which has no training rows"));
  }
  EXPECT_THAT(ErrorOf(PlanOfClasses({2, 1}, 3, counts)),
              HasSubstr("rows of class 1, which has no training rows"));
}

TEST(BalanceRuleTest, PeriodsAreAcceptedUpToTheirLimit) {
  const std::string limit = absl::StrCat(kMaxPeriod), above = absl::StrCat(kMaxPeriod + 1);
  EXPECT_EQ(ErrorOf(PlanFromRule("each=" + limit, Counts{1})), "no error");
  EXPECT_THAT(ErrorOf(PlanFromRule("each=" + above, Counts{1})),
              HasSubstr("expected at most 2147483647 rows in all"));
  EXPECT_EQ(ErrorOf(PlanFromRule("counts=" + limit + ",0", Counts{1, 1})), "no error");
  EXPECT_THAT(ErrorOf(PlanFromRule("counts=" + limit + ",1", Counts{1, 1})),
              HasSubstr("rows in all"));
  EXPECT_THAT(ErrorOf(PlanFromRule("counts=9223372036854775807,9223372036854775807", Counts{1, 1})),
              HasSubstr("rows in all"));
  EXPECT_THAT(ErrorOf(PlanFromRule("ratio=1e308", Counts{9, 9})), HasSubstr("rows in all"));
}

TEST(BalanceRuleTest, WrongTrainingCountsAreNamed) {
  EXPECT_THAT(ErrorOf(PlanFromRule("each=1", {})), HasSubstr("class counts are empty"));
  EXPECT_THAT(ErrorOf(PlanFromRule("each=1", Counts{1, -2})), HasSubstr("count of class 1 is -2"));
}

TEST(BalanceRuleTest, PlanOfClassesTakesThemInAnyOrder) {
  EXPECT_THAT(WeightsOf(PlanOfClasses({2, 0}, 5, Counts{9, 9, 9})),
              ElementsAre(Pair(0, 5), Pair(2, 5)));
}

TEST(BalanceRuleTest, PlanOfClassesNamesWhatIsWrong) {
  const Counts counts = {9, 9, 9};
  EXPECT_THAT(ErrorOf(PlanOfClasses({3}, 5, counts)),
              HasSubstr("class 3 is out of range; expected [0, 2], K = 3"));
  EXPECT_THAT(ErrorOf(PlanOfClasses({-1}, 5, counts)), HasSubstr("class -1 is out of range"));
  EXPECT_THAT(ErrorOf(PlanOfClasses({1, 1}, 5, counts)), HasSubstr("class 1 is named twice"));
  EXPECT_THAT(ErrorOf(PlanOfClasses({}, 5, counts)), HasSubstr("not of 0 rows"));
  EXPECT_THAT(ErrorOf(PlanOfClasses({1}, 0, counts)), HasSubstr("rows per class is 0"));
  EXPECT_THAT(ErrorOf(PlanOfClasses({0, 1}, kMaxPeriod, counts)), HasSubstr("rows in all"));
}

}  // namespace
}  // namespace tailcast
