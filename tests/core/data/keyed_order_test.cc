#include "core/data/keyed_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>

namespace tailcast::data {
namespace {

std::vector<int64_t> Numbers(int64_t count) {
  std::vector<int64_t> numbers(static_cast<size_t>(count));
  std::iota(numbers.begin(), numbers.end(), int64_t{0});
  return numbers;
}

std::vector<int64_t> Ordered(int64_t seed, uint32_t stream, int64_t count) {
  std::vector<int64_t> numbers = Numbers(count);
  OrderByKey(seed, stream, numbers);
  return numbers;
}

TEST(KeyedOrderTest, KeepsEveryMemberOnce) {
  for (const int64_t count : {0, 1, 2, 3, 100, 6000}) {
    EXPECT_THAT(Ordered(1, 2, count), ::testing::UnorderedElementsAreArray(Numbers(count)));
  }
}

TEST(KeyedOrderTest, DependsOnSeedAndStreamAlone) {
  EXPECT_EQ(Ordered(1, 2, 50), Ordered(1, 2, 50));
  EXPECT_NE(Ordered(1, 2, 50), Ordered(1, 3, 50));
  EXPECT_NE(Ordered(1, 2, 50), Ordered(2, 2, 50));
  EXPECT_NE(Ordered(1, 2, 50), Ordered(1 + (int64_t{1} << 32), 2, 50));
}

// Published splits depend on it: from an independent implementation in Python
// (tests/golden/keyed_order.py).
TEST(KeyedOrderTest, IsTheSameOnEveryMachine) {
  EXPECT_THAT(Ordered(0, 0, 10), ::testing::ElementsAre(2, 3, 0, 1, 4, 9, 5, 7, 6, 8));
  EXPECT_THAT(Ordered(42, 7, 10), ::testing::ElementsAre(5, 0, 4, 1, 8, 6, 2, 7, 9, 3));
}

TEST(KeyedOrderTest, AllOrdersAreAboutEquallyOften) {
  std::map<std::vector<int64_t>, int> seen;
  constexpr int kDraws = 12000;
  for (int seed = 0; seed < kDraws; ++seed) ++seen[Ordered(seed, 0, 3)];
  ASSERT_EQ(seen.size(), 6u);
  for (const auto& [order, count] : seen) EXPECT_NEAR(count, kDraws / 6, 200);
}

}  // namespace
}  // namespace tailcast::data
