#include "core/data/long_tail_split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "absl/strings/str_join.h"
#include "tests/core/data/toy_dataset.h"

namespace tailcast::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

int64_t Sum(const std::vector<int64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), int64_t{0});
}

std::string ErrorOf(const ImageDataset& train, const LongTailOptions& options) {
  const auto split = MakeLongTailSplit(train, options);
  if (split.ok()) return "no error";
  EXPECT_EQ(split.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(split.status().message());
}

// Lists and sums as published for CIFAR-LT (LDAM, LDMLR).
TEST(LongTailCountsTest, AreThoseOfCifarLongTailed) {
  EXPECT_THAT(LongTailCounts(5000, 100, 10),
              ElementsAre(5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50));
  EXPECT_THAT(LongTailCounts(5000, 10, 10),
              ElementsAre(5000, 3871, 2997, 2320, 1796, 1391, 1077, 834, 645, 500));
  EXPECT_EQ(Sum(LongTailCounts(5000, 50, 10)), 13'996);
  EXPECT_EQ(Sum(LongTailCounts(5000, 200, 10)), 11'203);
  EXPECT_EQ(Sum(LongTailCounts(5000, 20, 10)), 17'023);

  const auto cifar100 = LongTailCounts(500, 100, 100);
  EXPECT_EQ(cifar100.front(), 500);
  EXPECT_EQ(cifar100.back(), 5);
  EXPECT_EQ(Sum(cifar100), 10'847);
  EXPECT_EQ(Sum(LongTailCounts(500, 10, 100)), 19'573);
  EXPECT_EQ(Sum(LongTailCounts(500, 50, 100)), 12'608);
  EXPECT_EQ(Sum(LongTailCounts(500, 200, 100)), 9'502);
  EXPECT_EQ(Sum(LongTailCounts(500, 20, 100)), 15'907);
}

TEST(LongTailCountsTest, OfTheQuickStartFallFrom5900To59) {
  EXPECT_THAT(LongTailCounts(5900, 100, 10),
              ElementsAre(5900, 3536, 2120, 1271, 762, 456, 273, 164, 98, 59));
}

TEST(LongTailCountsTest, AFactorOfOneAndASingleClassKeepAll) {
  EXPECT_THAT(LongTailCounts(7, 1, 3), ElementsAre(7, 7, 7));
  EXPECT_THAT(LongTailCounts(7, 100, 1), ElementsAre(7));
}

TEST(LongTailSplitTest, EachClassHasItsValidationImagesAndItsCount) {
  const ImageDataset toy = ToyDataset({30, 30, 30});
  const auto split = MakeLongTailSplit(
      toy, {.imbalance_factor = 4, .validation_per_class = 10, .class_order = {2, 0, 1}});
  ASSERT_TRUE(split.ok()) << split.status();

  // What validation leaves is 20; ranks 0, 1, 2 have 20, 10, 5.
  EXPECT_THAT(split->class_counts, ElementsAre(10, 5, 20));
  EXPECT_EQ(SelectImages(toy, split->train)->class_counts(), split->class_counts);
  EXPECT_THAT(SelectImages(toy, split->validation)->class_counts(), ElementsAre(10, 10, 10));
}

TEST(LongTailSplitTest, PartsAreAscendingAndShareNoImage) {
  const auto split = MakeLongTailSplit(ToyDataset({40, 50, 60}),
                                       {.imbalance_factor = 10, .validation_per_class = 7});
  ASSERT_TRUE(split.ok()) << split.status();
  std::set<int64_t> all(split->train.begin(), split->train.end());
  all.insert(split->validation.begin(), split->validation.end());

  EXPECT_EQ(all.size(), split->train.size() + split->validation.size());
  EXPECT_TRUE(std::is_sorted(split->train.begin(), split->train.end()));
  EXPECT_TRUE(std::is_sorted(split->validation.begin(), split->validation.end()));
}

TEST(LongTailSplitTest, TheLargestCountIsWhatValidationLeavesOfTheSmallestClass) {
  const auto split = MakeLongTailSplit(ToyDataset({40, 25, 60}),
                                       {.imbalance_factor = 1, .validation_per_class = 5});
  EXPECT_THAT(split->class_counts, ElementsAre(20, 20, 20));
}

TEST(LongTailSplitTest, ValidationIsTheSameForEveryImbalance) {
  const ImageDataset toy = ToyDataset({50, 50, 50});
  const auto steep = MakeLongTailSplit(toy, {.imbalance_factor = 20, .validation_per_class = 10});
  const auto flat = MakeLongTailSplit(toy, {.imbalance_factor = 2, .validation_per_class = 10});

  EXPECT_EQ(steep->validation, flat->validation);
  EXPECT_TRUE(std::includes(flat->train.begin(), flat->train.end(), steep->train.begin(),
                            steep->train.end()));
  EXPECT_LT(steep->train.size(), flat->train.size());
}

TEST(LongTailSplitTest, TheSeedChoosesTheImages) {
  const ImageDataset toy = ToyDataset({50, 50});
  const LongTailOptions options{.imbalance_factor = 5, .validation_per_class = 10};
  LongTailOptions other = options;
  other.seed = 1;

  EXPECT_EQ(*MakeLongTailSplit(toy, options), *MakeLongTailSplit(toy, options));
  EXPECT_NE(MakeLongTailSplit(toy, options)->train, MakeLongTailSplit(toy, other)->train);
  EXPECT_NE(MakeLongTailSplit(toy, options)->validation, MakeLongTailSplit(toy, other)->validation);
}

TEST(LongTailSplitTest, TooFewImagesNameTheClass) {
  const ImageDataset toy = ToyDataset({30, 10, 30});
  const LongTailOptions just_enough{.imbalance_factor = 1, .validation_per_class = 9};
  EXPECT_EQ(ErrorOf(toy, just_enough), "no error");
  EXPECT_THAT(ErrorOf(toy, {.imbalance_factor = 1, .validation_per_class = 10}),
              HasSubstr("class 1 (class1) of data set 'toy' has 10 images; expected at least 11"));
}

TEST(LongTailSplitTest, MaxPerClassIsTakenUpToWhatIsThere) {
  const ImageDataset toy = ToyDataset({30, 30});
  LongTailOptions options{.imbalance_factor = 2, .validation_per_class = 10, .max_per_class = 20};
  EXPECT_THAT(MakeLongTailSplit(toy, options)->class_counts, ElementsAre(20, 10));
  options.max_per_class = 8;
  EXPECT_THAT(MakeLongTailSplit(toy, options)->class_counts, ElementsAre(8, 4));
  options.max_per_class = 21;
  EXPECT_THAT(ErrorOf(toy, options), HasSubstr("has 30 images; expected at least 31"));
}

TEST(LongTailSplitTest, EveryClassKeepsAnImage) {
  const ImageDataset toy = ToyDataset({20, 20});
  EXPECT_EQ(ErrorOf(toy, {.imbalance_factor = 10, .validation_per_class = 10}), "no error");
  EXPECT_THAT(ErrorOf(toy, {.imbalance_factor = 10.5, .validation_per_class = 10}),
              HasSubstr("imbalance_factor is 10.5; expected at most 10"));
}

TEST(LongTailSplitTest, WrongOptionsAreNamed) {
  const ImageDataset toy = ToyDataset({30, 30, 30});
  EXPECT_THAT(ErrorOf(toy, {.imbalance_factor = 0.99}), HasSubstr("imbalance_factor is 0.99"));
  EXPECT_THAT(ErrorOf(toy, {.imbalance_factor = std::nan("")}), HasSubstr("imbalance_factor"));
  EXPECT_THAT(ErrorOf(toy, {.imbalance_factor = INFINITY}), HasSubstr("imbalance_factor"));
  EXPECT_THAT(ErrorOf(toy, {.validation_per_class = -1}), HasSubstr("validation_per_class is -1"));
  EXPECT_THAT(ErrorOf(toy, {.max_per_class = -1}), HasSubstr("max_per_class is -1"));
  constexpr int64_t kMaxPerClass = int64_t{1} << 40;
  for (const int64_t value : {kMaxPerClass + 1, INT64_MAX}) {
    EXPECT_THAT(ErrorOf(toy, {.validation_per_class = value}),
                HasSubstr("expected 0 to 1099511627776"));
    EXPECT_THAT(ErrorOf(toy, {.max_per_class = value}), HasSubstr("expected 0 to 1099511627776"));
  }
  EXPECT_THAT(ErrorOf(toy, {.validation_per_class = kMaxPerClass, .max_per_class = kMaxPerClass}),
              HasSubstr("expected at least 2199023255552"));
  EXPECT_THAT(ErrorOf(toy, {.seed = -1}), HasSubstr("seed is -1"));
  for (const std::vector<int64_t>& order :
       {std::vector<int64_t>{0, 1}, {0, 1, 1}, {0, 1, 3}, {0, 1, -1}, {0, 1, 2, 2}}) {
    EXPECT_THAT(ErrorOf(toy, {.validation_per_class = 1, .class_order = order}),
                HasSubstr("class_order is " + absl::StrJoin(order, ",") + "; expected each class"));
  }
}

TEST(LongTailSplitTest, FitsOnlyTheDataSetItWasMadeFrom) {
  const ImageDataset toy = ToyDataset({30, 30});
  const auto split = MakeLongTailSplit(toy, {.imbalance_factor = 3, .validation_per_class = 5});
  EXPECT_TRUE(CheckSplitFits(*split, toy, "s.json").ok());

  ImageDataset other = toy;
  other.labels = toy.labels.flip({0});
  const auto refused = CheckSplitFits(*split, other, "s.json");
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.message()), HasSubstr(ToHex(other.labels_digest())));
  other = toy;
  other.class_names[0] = "other";
  EXPECT_FALSE(CheckSplitFits(*split, other, "s.json").ok());
}

TEST(LongTailSplitTest, IndicesMustExistAndBeOfTheClassesThatTheFileSays) {
  const ImageDataset toy = ToyDataset({30, 30});
  const auto split = MakeLongTailSplit(toy, {.imbalance_factor = 3, .validation_per_class = 5});
  LongTailSplit beyond = *split;
  beyond.train.back() = 60;
  EXPECT_THAT(std::string(CheckSplitFits(beyond, toy, "s.json").message()), HasSubstr("image 60"));
  LongTailSplit swapped = *split;
  std::swap(swapped.class_counts[0], swapped.class_counts[1]);
  EXPECT_THAT(std::string(CheckSplitFits(swapped, toy, "s.json").message()),
              HasSubstr("the indices of class 0 name 25 training"));
}

}  // namespace
}  // namespace tailcast::data
