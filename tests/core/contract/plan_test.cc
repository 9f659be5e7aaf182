#include "core/contract/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"

namespace tailcast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();

using Pairs = std::vector<std::pair<int32_t, int64_t>>;

Plan MakePlan(PlanSpec spec) { return *Plan::Create(std::move(spec)); }

// Plans A and B of the stream contract's known answers.
PlanSpec PlanA() { return {{{0, 1, 0}, {3, 2, 0}, {8, 5, 100}, {9, 12, 0}}, /*order_seed=*/7, 0}; }

PlanSpec PlanB() {
  PlanSpec spec = {.order_seed = 1};
  for (int32_t c = 0; c < 10; ++c) {
    const auto count = static_cast<int64_t>(5000 * std::pow(100.0, -c / 9.0));
    if (count < 5000) spec.class_weights.push_back({c, 5000 - count, 0});
  }
  return spec;
}

Pairs RowsOf(const Plan& plan, int64_t begin, int64_t end) {
  Pairs rows;
  for (int64_t row = begin; row < end; ++row) {
    const Sample sample = plan.At(row);
    rows.emplace_back(sample.class_index, sample.ordinal);
  }
  return rows;
}

std::string ErrorOf(PlanSpec spec) {
  const auto plan = Plan::Create(std::move(spec));
  if (plan.ok()) return "no error";
  EXPECT_EQ(plan.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(plan.status().message());
}

TEST(PlanTest, RowsOfPlanAAreThoseOfTheContract) {
  const Plan plan = MakePlan(PlanA());
  EXPECT_EQ(plan.period(), 20);
  EXPECT_EQ(
      RowsOf(plan, 0, 26),
      (Pairs{{9, 2},   {8, 100}, {9, 1},  {9, 9},   {9, 4},   {9, 7},  {9, 11}, {9, 10},  {3, 0},
             {8, 104}, {3, 1},   {9, 6},  {0, 0},   {8, 102}, {9, 0},  {9, 3},  {8, 101}, {9, 5},
             {9, 8},   {8, 103}, {9, 18}, {8, 107}, {9, 17},  {9, 22}, {9, 21}, {8, 109}}));
  EXPECT_EQ(plan.At(1'000'000'000'000), (Sample{9, 600000000003}));
  EXPECT_EQ(plan.At(int64_t{1} << 62), (Sample{9, 2767011611056432749}));
}

TEST(PlanTest, RowsOfPlanBAreThoseOfTheContract) {
  const Plan plan = MakePlan(PlanB());
  std::vector<int64_t> weights;
  for (const ClassWeight& entry : plan.spec().class_weights) weights.push_back(entry.weight);
  EXPECT_THAT(weights, ElementsAre(2003, 3204, 3923, 4355, 4613, 4768, 4861, 4917, 4950));
  EXPECT_EQ(plan.period(), 37594);
  EXPECT_EQ(RowsOf(plan, 0, 20),
            (Pairs{{3, 2993}, {7, 3280}, {3, 1222}, {5, 1278}, {6, 3044}, {3, 2556}, {5, 1697},
                   {1, 992},  {3, 2326}, {9, 1922}, {9, 656},  {9, 227},  {4, 504},  {5, 4014},
                   {4, 4239}, {5, 2216}, {5, 2646}, {3, 2829}, {6, 24},   {5, 3596}}));
}

TEST(PlanTest, DigestsAreThoseOfTheContract) {
  EXPECT_EQ(ToHex(MakePlan(PlanA()).digest()),
            "85eb6d14ec6ed09f9dff4a7baf5b8d45599978f586a0f1242925534845a781ea");
  EXPECT_EQ(ToHex(MakePlan(PlanB()).digest()),
            "17368c7568762b96057475e4bb14955d13a610cb9bad4c9fc0ef04b61d5abde7");
}

TEST(PlanTest, PreimageOfTheDigestIsThatOfTheContract) {
  const std::string preimage = absl::HexStringToBytes(
      "7461696c636173742e706c616e2e76310007000000000000000000000000000000040000000000000001000000"
      "0000000000000000000000000300000002000000000000000000000000000000080000000500000000000000"
      "6400000000000000090000000c000000000000000000000000000000");
  EXPECT_EQ(MakePlan(PlanA()).digest(), Sha256Of(preimage));
}

// Every (class, member) of period `block`, sorted.
Pairs WholePeriod(const Plan& plan, int64_t block) {
  Pairs all;
  for (const ClassWeight& entry : plan.spec().class_weights) {
    for (int64_t member = 0; member < entry.weight; ++member) {
      all.emplace_back(entry.class_index, entry.first_ordinal + block * entry.weight + member);
    }
  }
  return all;
}

PlanSpec RandomPlan(std::mt19937_64& rng) {
  const auto below = [&](uint64_t n) { return static_cast<int64_t>(rng() % n); };
  PlanSpec spec = {.order_seed = below(uint64_t{1} << 63)};
  const int64_t num_classes = 1 + below(12);
  const uint64_t max_weight = uint64_t{1} << below(10);
  for (int32_t c = static_cast<int32_t>(below(3)); spec.class_weights.size() < size_t(num_classes);
       c += 1 + static_cast<int32_t>(below(3))) {
    spec.class_weights.push_back({c, 1 + below(max_weight), below(1000)});
  }
  return spec;
}

TEST(PlanTest, EveryPeriodHoldsEveryMemberOnceAndTheNextIsOneWeightFurther) {
  std::mt19937_64 rng(1);
  for (int round = 0; round < 60; ++round) {
    const Plan plan = MakePlan(RandomPlan(rng));
    for (const int64_t block : {int64_t{0}, int64_t{1}, int64_t{1} << 40}) {
      auto rows = RowsOf(plan, block * plan.period(), (block + 1) * plan.period());
      std::sort(rows.begin(), rows.end());
      ASSERT_EQ(rows, WholePeriod(plan, block)) << "plan " << round << ", period " << block;
    }
  }
}

TEST(PlanTest, RepeatedPeriodsReturnTheSameSamplesInANewOrder) {
  std::mt19937_64 rng(2);
  for (const int64_t repeat : {1, 2, 3}) {
    PlanSpec spec = RandomPlan(rng);
    spec.class_weights.push_back({1000, 50, 0});  // long enough to have many orders
    spec.repeat_period_count = repeat;
    const Plan plan = MakePlan(spec);
    const auto first = RowsOf(plan, 0, plan.period());
    auto again = RowsOf(plan, repeat * plan.period(), (repeat + 1) * plan.period());
    EXPECT_NE(again, first);
    std::sort(again.begin(), again.end());
    EXPECT_EQ(again, WholePeriod(plan, 0));
    auto last = RowsOf(plan, (2 * repeat - 1) * plan.period(), 2 * repeat * plan.period());
    std::sort(last.begin(), last.end());
    EXPECT_EQ(last, WholePeriod(plan, repeat - 1));
  }
}

TEST(PlanTest, ALargerWeightKeepsTheSamplesOfTheSmallerOne) {
  const auto samples = [](int64_t weight) {
    const Plan plan = MakePlan({{{0, 10, 0}, {1, weight, 0}}, 3, 0});
    const auto rows = RowsOf(plan, 0, plan.period());
    return std::set(rows.begin(), rows.end());
  };
  const auto small = samples(500), large = samples(1000);
  EXPECT_TRUE(std::includes(large.begin(), large.end(), small.begin(), small.end()));
}

TEST(PlanTest, AnyPrefixIsNearTheExactShares) {
  const Plan plan = MakePlan(PlanB());
  std::map<int32_t, int64_t> seen;
  double worst = 0;
  for (int64_t row = 0; row < plan.period(); ++row) {
    ++seen[plan.At(row).class_index];
    for (const ClassWeight& entry : plan.spec().class_weights) {
      const double share = static_cast<double>(row + 1) * static_cast<double>(entry.weight) /
                           static_cast<double>(plan.period());
      worst = std::max(worst, std::abs(static_cast<double>(seen[entry.class_index]) - share));
    }
  }
  EXPECT_LT(worst, 13.5);  // the contract measured 12.6; a plain permutation gives 73
}

TEST(PlanTest, RowsReadTogetherAreThoseReadOneByOne) {
  // More classes than words are kept of, periods beside whole windows, few and many rows.
  PlanSpec many = {.order_seed = 11, .repeat_period_count = 3};
  for (int32_t c = 0; c < 300; ++c) many.class_weights.push_back({c * 7, 1 + c % 5, c});
  std::mt19937_64 random(4);
  std::vector<Plan> plans = {MakePlan(PlanA()), MakePlan(PlanB()), MakePlan(many)};
  for (const int64_t weight : {1, 254, 255, 256, 4096, 4097}) {
    plans.push_back(MakePlan({{{2, 1, 5}, {70, weight, 0}}, 9, 0}));
  }
  for (const Plan& plan : plans) {
    std::vector<int64_t> rows;
    for (int run = 0; run < 40; ++run) {
      const auto start = static_cast<int64_t>(random() % static_cast<uint64_t>(plan.end_row()));
      const int64_t count = std::min<int64_t>(plan.end_row() - start, run * 10);
      for (int64_t i = 0; i < count; ++i) rows.push_back(start + i);
    }
    std::vector<Sample> samples(rows.size());
    plan.ReadSamples(rows, absl::MakeSpan(samples));
    for (size_t i = 0; i < rows.size(); ++i) ASSERT_EQ(samples[i], plan.At(rows[i])) << rows[i];
  }
}

TEST(PlanTest, AFarRowCostsAboutAsMuchAsTheFirst) {
  constexpr int kRounds = 20;
  const Plan plan = MakePlan(PlanB());
  const auto seconds_of_rows = [&](int64_t start) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(RowsOf(plan, start, start + 2000).size(), 2000u);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  // The fastest of several rounds, turn by turn, since others share the machine.
  double first = std::numeric_limits<double>::infinity(), far = first;
  for (int i = 0; i < kRounds; ++i) {
    first = std::min(first, seconds_of_rows(0));
    far = std::min(far, seconds_of_rows(int64_t{1} << 40));
  }
  EXPECT_LT(far, 20 * first);
}

TEST(PlanTest, LargestPeriodWorksAtBothEnds) {
  const Plan plan = MakePlan({{{0, kMaxPeriod - 1, 0}, {1, 1, 0}}, 5, 0});
  EXPECT_EQ(plan.period(), kMaxPeriod);
  for (const int64_t row : {int64_t{0}, kMaxPeriod - 1, kMaxPeriod, int64_t{1} << 62}) {
    const Sample sample = plan.At(row);
    EXPECT_GE(sample.ordinal, row / kMaxPeriod * (sample.class_index == 0 ? kMaxPeriod - 1 : 1));
  }
}

TEST(PlanTest, RowsEndAtTheEndOfInt64WhereOrdinalsFit) {
  EXPECT_EQ(MakePlan(PlanA()).end_row(), kMaxInt64);
  EXPECT_EQ(MakePlan({{{0, 1, 0}}, 0, 0}).end_row(), kMaxInt64);
}

TEST(PlanTest, RowsEndBeforeThePeriodWhoseOrdinalsPassInt64) {
  // Ordinals left: 2 weights and a bit.
  const Plan plan = MakePlan({{{0, 10, kMaxInt64 - 25}, {1, 30, 0}}, 0, 0});
  EXPECT_EQ(plan.end_row(), 2 * 40);
  for (int64_t row = 0; row < plan.end_row(); ++row) EXPECT_GE(plan.At(row).ordinal, 0);
}

TEST(PlanTest, FirstOrdinalMayLeaveRoomForExactlyOnePeriod) {
  const Plan plan = MakePlan({{{0, 10, kMaxInt64 - 9}}, 0, 0});
  EXPECT_EQ(plan.end_row(), 10);
  EXPECT_THAT(ErrorOf({{{0, 10, kMaxInt64 - 8}}, 0, 0}),
              HasSubstr("stream.plan.class_weights[0].first_ordinal"));
}

TEST(PlanTest, RepetitionKeepsOrdinalsSmallSoRowsGoOn) {
  EXPECT_EQ(MakePlan({{{0, 10, kMaxInt64 - 25}}, 0, /*repeat_period_count=*/2}).end_row(),
            kMaxInt64);
  EXPECT_EQ(MakePlan({{{0, 10, kMaxInt64 - 25}}, 0, /*repeat_period_count=*/3}).end_row(), 20);
}

TEST(PlanTest, ErrorsNameFieldValueAndRange) {
  EXPECT_THAT(ErrorOf({}), HasSubstr("stream.plan.class_weights has 0 entries"));
  EXPECT_THAT(ErrorOf({{{0, 1, 0}, {1, 0, 0}}, 0, 0}),
              HasSubstr("stream.plan.class_weights[1].weight is 0; expected [1, 2147483647]"));
  EXPECT_THAT(ErrorOf({{{0, -5, 0}}, 0, 0}), HasSubstr("class_weights[0].weight is -5"));
  EXPECT_THAT(ErrorOf({{{0, kMaxPeriod + 1, 0}}, 0, 0}), HasSubstr("weight is 2147483648"));
  EXPECT_THAT(ErrorOf({{{2, 1, 0}, {2, 1, 0}}, 0, 0}),
              HasSubstr("class_weights[1].class_index is 2"));
  EXPECT_THAT(ErrorOf({{{-1, 1, 0}}, 0, 0}), HasSubstr("class_weights[0].class_index is -1"));
  EXPECT_THAT(ErrorOf({{{1 << 24, 1, 0}}, 0, 0}), HasSubstr("class_index is 16777216"));
  EXPECT_THAT(ErrorOf({{{0, 1, -1}}, 0, 0}), HasSubstr("first_ordinal is -1"));
  EXPECT_THAT(ErrorOf({{{0, 1, 0}}, -1, 0}), HasSubstr("stream.plan.order_seed is -1"));
  EXPECT_THAT(ErrorOf({{{0, 1, 0}}, 0, -1}), HasSubstr("stream.plan.repeat_period_count is -1"));
}

TEST(PlanTest, PeriodAndClassIndexAreAcceptedAtTheirLimits) {
  EXPECT_TRUE(Plan::Create({{{(1 << 24) - 1, kMaxPeriod, 0}}, kMaxInt64, kMaxInt64}).ok());
  EXPECT_THAT(ErrorOf({{{0, kMaxPeriod, 0}, {1, 1, 0}}, 0, 0}), HasSubstr("the sum 2147483648"));
}

TEST(PlanTest, ClassesAreAcceptedUpToTheirLimit) {
  PlanSpec spec;
  for (int32_t c = 0; c < kMaxPlanClasses; ++c) spec.class_weights.push_back({c, 1, 0});
  EXPECT_TRUE(Plan::Create(spec).ok());
  spec.class_weights.push_back({static_cast<int32_t>(kMaxPlanClasses), 1, 0});
  EXPECT_THAT(ErrorOf(spec), HasSubstr("has 65537 entries; expected 1 to 65536"));
}

}  // namespace
}  // namespace tailcast
