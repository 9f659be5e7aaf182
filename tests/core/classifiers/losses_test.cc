#include "core/classifiers/losses.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tailcast::classifiers {
namespace {

struct Rows {
  at::Tensor scores = at::randn({6, 3}, at::detail::createCPUGenerator(/*seed=*/1)).to(at::kDouble);
  at::Tensor labels = at::tensor({0, 1, 2, 0, 0, 1}, at::kLong);

  // -ln softmax, from its definition.
  double Row(int64_t i) const {
    double sum = 0, own = 0;
    for (int64_t c = 0; c < 3; ++c) {
      const double score = scores[i][c].item<double>();
      sum += std::exp(score);
      if (c == labels[i].item<int64_t>()) own = score;
    }
    return std::log(sum) - own;
  }
};

TEST(CrossEntropyTest, IsTheMeanOfItsRows) {
  const Rows rows;
  double expected = 0;
  for (int64_t i = 0; i < 6; ++i) expected += rows.Row(i) / 6;
  EXPECT_NEAR(CrossEntropy(rows.scores, rows.labels).item<double>(), expected, 1e-12);
}

TEST(CrossEntropyTest, OfEqualScoresIsTheLogarithmOfTheClasses) {
  EXPECT_NEAR(CrossEntropy(at::zeros({2, 10}), at::tensor({3, 4}, at::kLong)).item<double>(),
              std::log(10), 1e-6);
}

TEST(WeightedCrossEntropyTest, WeighsRowsAndDividesByTheWeights) {
  const Rows rows;
  const std::vector<double> weights{1, 0, 2, 0.5, 3, 0};
  double sum = 0;
  for (int64_t i = 0; i < 6; ++i) sum += weights[static_cast<size_t>(i)] * rows.Row(i);
  EXPECT_NEAR(WeightedCrossEntropy(rows.scores, rows.labels, at::tensor(weights, at::kDouble))
                  .item<double>(),
              sum / 6.5, 1e-12);
}

TEST(WeightedCrossEntropyTest, WithEqualWeightsIsTheMean) {
  const Rows rows;
  EXPECT_NEAR(WeightedCrossEntropy(rows.scores, rows.labels, at::full({6}, 0.3, at::kDouble))
                  .item<double>(),
              CrossEntropy(rows.scores, rows.labels).item<double>(), 1e-12);
}

TEST(LogClassPriorTest, CountsAClassWithoutRowsAsOne) {
  const at::Tensor prior = LogClassPrior({6, 0, 3});
  EXPECT_NEAR(prior[0].item<double>(), std::log(0.6), 1e-15);
  EXPECT_NEAR(prior[1].item<double>(), std::log(0.1), 1e-15);
  EXPECT_NEAR(prior.exp().sum().item<double>(), 1, 1e-15);
}

}  // namespace
}  // namespace tailcast::classifiers
