#include "core/contract/permute.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "core/random/philox.h"

namespace tailcast {
namespace {

std::vector<uint32_t> Images(uint32_t n, const std::array<uint32_t, 4>& keys) {
  std::vector<uint32_t> images(n);
  for (uint32_t x = 0; x < n; ++x) images[x] = Permute(n, keys, x);
  return images;
}

TEST(PermuteTest, IsABijectionForEverySize) {
  for (uint32_t n = 1; n <= 600; ++n) {
    auto images = Images(n, Philox({n, 0, 0, 0}, {1, 2}));
    std::sort(images.begin(), images.end());
    for (uint32_t x = 0; x < n; ++x) ASSERT_EQ(images[x], x) << "n = " << n;
  }
}

TEST(PermuteTest, IsABijectionAroundPowersOfTwo) {
  for (const uint32_t n : {1023u, 1024u, 1025u, 4095u, 4096u, 4097u, 65535u, 65536u, 65537u}) {
    auto images = Images(n, Philox({n, 0, 0, 0}, {3, 4}));
    std::sort(images.begin(), images.end());
    for (uint32_t x = 0; x < n; ++x) ASSERT_EQ(images[x], x) << "n = " << n;
  }
}

TEST(PermuteLanesTest, GivesWhatPermuteGivesForAnyMixOfSizes) {
  std::mt19937_64 random(7);
  for (const size_t count : {size_t{0}, size_t{1}, size_t{37}, PermuteLanes::kMaxLanes}) {
    PermuteLanes lanes;
    std::vector<uint32_t> expected, results(count);
    for (size_t i = 0; i < count; ++i) {
      // Sizes about powers of four walk least and most.
      const uint32_t power = uint32_t{1} << (random() % 31);
      const uint32_t n = std::max<uint32_t>(1, power - 1 + static_cast<uint32_t>(random() % 3));
      const PermuteKeys keys = Philox({n, static_cast<uint32_t>(i), 0, 0}, {5, 6});
      const auto x = static_cast<uint32_t>(random() % n);
      lanes.Add(n, keys, x);
      expected.push_back(Permute(n, keys, x));
    }
    lanes.Run(absl::MakeSpan(results));
    EXPECT_EQ(results, expected);
    EXPECT_EQ(lanes.size(), 0);
  }
}

TEST(PermuteTest, StaysInRangeForTheLargestSizes) {
  for (const uint32_t n : {(1u << 31) - 1, 1u << 31, (1u << 30) + 1}) {
    for (const uint32_t x : {0u, 1u, n / 2, n - 1}) {
      EXPECT_LT(Permute(n, Philox({0, 0, 0, 0}, {0, 0}), x), n);
    }
  }
}

TEST(PermuteTest, AllOrdersOfThreeOccurAboutEquallyOften) {
  constexpr uint32_t kKeys = 12000;
  std::map<std::vector<uint32_t>, int> orders;
  for (uint32_t k = 0; k < kKeys; ++k) ++orders[Images(3, Philox({k, 0, 0, 0}, {1, 2}))];
  ASSERT_EQ(orders.size(), 6u);
  for (const auto& [order, count] : orders) EXPECT_NEAR(count, kKeys / 6, 250);
}

}  // namespace
}  // namespace tailcast
