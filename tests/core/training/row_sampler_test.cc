#include "core/training/row_sampler.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tailcast::training {
namespace {

constexpr int64_t kDraws = 40'000, kClasses = 4;

// 81, 0, 9 and 1 rows of the four classes, mixed.
at::Tensor Labels() {
  auto labels = at::zeros({91}, at::kLong);
  for (int64_t i = 0; i < 9; ++i) labels[i * 10] = 2;
  labels[45] = 3;
  return labels;
}

at::Tensor Draw(double balance) {
  auto rng = at::detail::createCPUGenerator(/*seed=*/3);
  return RowSampler(Labels(), kClasses, balance).Draw(kDraws, rng);
}

// Shares of the classes among the rows drawn; their deviation is below 0.0025.
void ExpectShares(double balance, std::vector<double> expected) {
  const auto classes = Labels().index_select(0, Draw(balance));
  const auto shares = at::bincount(classes, {}, kClasses).to(at::kDouble) / kDraws;
  for (int64_t c = 0; c < kClasses; ++c) {
    EXPECT_NEAR(shares[c].item<double>(), expected[c], 0.012) << "class " << c << " at " << balance;
  }
}

TEST(RowSamplerTest, CountsTheRowsOfEachClass) {
  EXPECT_TRUE(at::equal(RowSampler(Labels(), kClasses, 0.5).class_counts(),
                        at::tensor({81, 0, 9, 1}, at::kLong)));
}

TEST(RowSamplerTest, WithoutBalanceTakesRowsAsTheyCome) {
  ExpectShares(0.0, {81.0 / 91, 0.0, 9.0 / 91, 1.0 / 91});
}

// Each of n rows has weight n^-0.5, so the class has n^0.5: 9, 3 and 1.
TEST(RowSamplerTest, HalfBalanceWeighsClassesByTheRootOfTheirCount) {
  ExpectShares(0.5, {9.0 / 13, 0.0, 3.0 / 13, 1.0 / 13});
}

TEST(RowSamplerTest, FullBalanceTakesTheClassesAlike) {
  ExpectShares(1.0, {1.0 / 3, 0.0, 1.0 / 3, 1.0 / 3});
}

TEST(RowSamplerTest, RowsOfAClassAreAlike) {
  const auto counts = at::bincount(Draw(1.0), {}, 91).to(at::kDouble);
  for (int64_t row = 0; row < 91; ++row) {
    const int64_t label = Labels()[row].item<int64_t>();
    const double expected = kDraws / 3.0 / (label == 0 ? 81 : label == 2 ? 9 : 1);
    EXPECT_NEAR(counts[row].item<double>(), expected, 5 * std::sqrt(expected)) << "row " << row;
  }
}

TEST(RowSamplerTest, TheSameRandomNumbersGiveTheSameRows) {
  EXPECT_TRUE(at::equal(Draw(0.5), Draw(0.5)));
}

}  // namespace
}  // namespace tailcast::training
