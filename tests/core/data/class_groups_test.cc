#include "core/data/class_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace tailcast::data {
namespace {

using ::testing::ElementsAre;
constexpr ClassGroup kMany = ClassGroup::kMany;
constexpr ClassGroup kMedium = ClassGroup::kMedium;
constexpr ClassGroup kFew = ClassGroup::kFew;

TEST(ClassGroupsTest, TenClassesAreFourThreeThree) {
  EXPECT_THAT(GroupClassesByRank({10, 9, 8, 7, 6, 5, 4, 3, 2, 1}),
              ElementsAre(kMany, kMany, kMany, kMany, kMedium, kMedium, kMedium, kFew, kFew, kFew));
}

TEST(ClassGroupsTest, RankFollowsTheCountNotTheIndex) {
  EXPECT_THAT(GroupClassesByRank({1, 100, 2, 90, 3, 80, 4, 70, 5, 60}),
              ElementsAre(kFew, kMany, kFew, kMany, kFew, kMany, kMedium, kMany, kMedium, kMedium));
}

TEST(ClassGroupsTest, OfEqualCountsTheLowerIndexRanksFirst) {
  EXPECT_THAT(GroupClassesByRank({5, 5, 5, 5, 5, 5, 5, 5, 5, 5}),
              ElementsAre(kMany, kMany, kMany, kMany, kMedium, kMedium, kMedium, kFew, kFew, kFew));
}

TEST(ClassGroupsTest, SharesAreRoundedForOtherNumbersOfClasses) {
  const auto sizes = [](int64_t num_classes) {
    std::vector<int64_t> counts;
    for (int64_t c = 0; c < num_classes; ++c) counts.push_back(num_classes - c);
    const auto groups = GroupClassesByRank(counts);
    return std::vector<int64_t>{std::count(groups.begin(), groups.end(), kMany),
                                std::count(groups.begin(), groups.end(), kMedium),
                                std::count(groups.begin(), groups.end(), kFew)};
  };
  EXPECT_THAT(sizes(0), ElementsAre(0, 0, 0));
  EXPECT_THAT(sizes(1), ElementsAre(0, 1, 0));
  EXPECT_THAT(sizes(2), ElementsAre(1, 0, 1));
  EXPECT_THAT(sizes(3), ElementsAre(1, 1, 1));
  EXPECT_THAT(sizes(5), ElementsAre(2, 1, 2));
  EXPECT_THAT(sizes(100), ElementsAre(40, 30, 30));
}

TEST(ClassGroupsTest, GroupsHaveTheNamesOfReports) {
  EXPECT_EQ(ClassGroupName(kMany), "many");
  EXPECT_EQ(ClassGroupName(kMedium), "medium");
  EXPECT_EQ(ClassGroupName(kFew), "few");
}

}  // namespace
}  // namespace tailcast::data
