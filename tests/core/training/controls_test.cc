#include "core/training/controls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/metrics/accuracy.h"
#include "core/training/keyed_rng.h"
#include "core/training/refit_objective.h"
#include "tests/core/training/small_rows.h"

namespace tailcast::training {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;

const std::vector<int64_t>& Counts() {
  static const auto& counts = *new std::vector<int64_t>{400, 40, 8};
  return counts;
}

double AccuracyOf(const classifiers::LinearHead& head, const LabelledRows& rows) {
  return metrics::PercentEqual(head.Predict(rows.features), rows.labels);
}

TEST(ControlsTest, GridsAreThoseOfThePublishedRecipe) {
  EXPECT_THAT(BiasShiftGrid(), ElementsAre(0, 0.1, 0.25, 0.5));
  const auto grid = LogitAdjustmentGrid();
  EXPECT_EQ(grid.front(), 0);
  EXPECT_EQ(grid.back(), 2);
  EXPECT_THAT(grid, Contains(1));
  EXPECT_THAT(RegularizationGrid(), ElementsAre(0.00003, 0.0003, 0.003, 0.03, 0.3));
}

TEST(ChooseShiftTest, TakesTheBestOfTheGridOnValidation) {
  const LabelledRows validation = SmallRows({50, 50, 50}, 5);
  const auto stage1 =
      RefitClassifier(SmallRows(Counts(), 1), {}, 3, std::nullopt, {.regularization = 0.3})->head;
  const std::vector<double> grid = {0, 0.7, 1.4};
  const auto choice = ChooseShift(stage1, Counts(), validation, grid);
  ASSERT_TRUE(choice.ok()) << choice.status();
  std::vector<double> expected;
  for (const double strength : grid) {
    expected.push_back(AccuracyOf(classifiers::ShiftBias(stage1, Counts(), strength), validation));
  }
  EXPECT_EQ(choice->validation_accuracy, expected);
  EXPECT_EQ(choice->best_accuracy(), *std::max_element(expected.begin(), expected.end()));
  EXPECT_EQ(AccuracyOf(choice->head, validation), choice->best_accuracy());
}

TEST(ChooseShiftTest, TiesGoToTheFirstValue) {
  const LabelledRows validation{.features = at::zeros({2, kRowDim}),
                                .labels = at::tensor({0, 1}, at::kLong)};
  EXPECT_EQ(ChooseShift(SmallHead(3, 1), {5, 5, 5}, validation, {0.25, 0.5, 0})->best, 0u);
}

TEST(ChooseShiftTest, WhatDoesNotFitIsNamed) {
  const LabelledRows rows = SmallRows({5, 5, 5}, 5);
  const auto error = [](const classifiers::LinearHead& head, const LabelledRows& validation,
                        const std::vector<double>& grid = {0}) {
    const auto choice = ChooseShift(head, Counts(), validation, grid);
    if (choice.ok()) return std::string("no error");
    EXPECT_EQ(choice.status().code(), absl::StatusCode::kInvalidArgument) << choice.status();
    return std::string(choice.status().message());
  };
  const auto head = SmallHead(3, 1);
  EXPECT_EQ(error(head, rows), "no error");
  EXPECT_THAT(error(head, {}), HasSubstr("there are no validation rows"));
  EXPECT_THAT(error(head, {.features = at::zeros({0, kRowDim}), .labels = at::zeros(0, at::kLong)}),
              HasSubstr("there are no validation rows"));
  EXPECT_THAT(error(head, rows, {}), HasSubstr("the grid of bias shifts is empty"));
  EXPECT_THAT(error(SmallHead(4, 1), rows), HasSubstr("weight has shape [4, 5]; expected [3, *]"));
  EXPECT_THAT(error({.weight = head.weight, .bias = at::zeros({2})}, rows),
              HasSubstr("the classifier's bias has shape [2]"));
  EXPECT_THAT(error(head, {.features = at::zeros({15, 4}), .labels = rows.labels}),
              HasSubstr("validation features has shape [15, 4]; expected [15, 5]"));
  EXPECT_THAT(error(head, {.features = rows.features, .labels = rows.labels + 1}),
              HasSubstr("validation labels: element 10 is 3"));
}

TEST(AdjustLogitsTest, IsNeverWorseOnValidationThanTheHeadItself) {
  const LabelledRows validation = SmallRows({50, 50, 50}, 5);
  const auto head = SmallHead(3, 2);
  const auto adjusted = AdjustLogits(head, Counts(), validation);
  ASSERT_TRUE(adjusted.ok()) << adjusted.status();
  EXPECT_GE(adjusted->validation_accuracy, AccuracyOf(head, validation));
  EXPECT_THAT(adjusted->chosen, Contains(Key("strength")));
  EXPECT_TRUE(at::equal(adjusted->head.weight, head.weight));
}

// Accuracy on the rows of class 2 alone, which has 8 of 448 training rows.
double RareAccuracy(const classifiers::LinearHead& head, const LabelledRows& rows) {
  const at::Tensor rare = (rows.labels == 2).nonzero().flatten();
  return AccuracyOf(head, {.features = rows.features.index_select(0, rare),
                           .labels = rows.labels.index_select(0, rare)});
}

TEST(BalancedSoftmaxTest, HelpsTheRareClassOverPlainCrossEntropy) {
  const LabelledRows real = SmallRows(Counts(), 1), validation = SmallRows({200, 200, 200}, 5);
  const auto stage1 = SmallHead(3, 9);
  const auto fit = FitBalancedSoftmax(real, Counts(), stage1, validation);
  ASSERT_TRUE(fit.ok()) << fit.status();
  EXPECT_NEAR(AccuracyOf(fit->head, validation), fit->validation_accuracy, 1e-9);

  RefitObjective plain = JoinRows(real, {});
  plain.row_weights = at::ones({real.size()}, at::kDouble);
  SetAnchor(stage1, 3, fit->chosen.at("regularization"), plain);
  const auto cross_entropy = Minimize(plain, /*max_iterations=*/200);
  ASSERT_TRUE(cross_entropy.ok()) << cross_entropy.status();
  EXPECT_GT(RareAccuracy(fit->head, validation),
            RareAccuracy(cross_entropy->head, validation) + 20);
  EXPECT_GT(fit->validation_accuracy, AccuracyOf(cross_entropy->head, validation) + 5);
}

// Its loss, written down again: cross-entropy of scores + ln(n_c / sum n), and the pull.
TEST(BalancedSoftmaxTest, EndsWhereTheGradientOfItsLossIsZero) {
  const LabelledRows real = SmallRows(Counts(), 1), validation = SmallRows({200, 200, 200}, 5);
  const auto stage1 = SmallHead(3, 9);
  const auto fit = FitBalancedSoftmax(real, Counts(), stage1, validation);
  ASSERT_TRUE(fit.ok()) << fit.status();

  const at::Tensor prior = at::tensor({400. / 448, 40. / 448, 8. / 448}, at::kDouble).log();
  const at::Tensor weight = fit->head.weight.to(at::kDouble).requires_grad_();
  const at::Tensor bias =
      (fit->head.bias.to(at::kDouble) + fit->chosen.at("bias_shift") * prior).requires_grad_();
  const at::Tensor scores = at::matmul(real.features.to(at::kDouble), weight.t()) + bias + prior;
  const at::Tensor pull = (weight - stage1.weight.to(at::kDouble)).square().sum() / 2;
  (at::cross_entropy_loss(scores, real.labels) + fit->chosen.at("regularization") * pull)
      .backward();
  EXPECT_LT(weight.grad().abs().max().item<double>(), 1e-4);
  EXPECT_LT(bias.grad().abs().max().item<double>(), 1e-4);
}

TEST(BalancedSoftmaxTest, RowsThatDoNotFitAreRefused) {
  const LabelledRows validation = SmallRows({5, 5, 5}, 5);
  const auto code = [](const LabelledRows& real, const LabelledRows& validation) {
    return FitBalancedSoftmax(real, Counts(), SmallHead(3, 9), validation).status().code();
  };
  EXPECT_EQ(code(SmallRows({3, 3, 3, 3}, 1), validation), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(SmallRows({3, 3, 3}, 1), {}), absl::StatusCode::kInvalidArgument);
}

at::Tensor Covariance(const at::Tensor& rows) {
  const at::Tensor centred = rows.to(at::kDouble) - rows.to(at::kDouble).mean(0);
  return at::mm(centred.t(), centred) / rows.size(0);
}

TEST(ClassGaussiansTest, HaveTheMeansAndHalfPooledCovariancesOfTheirClasses) {
  LabelledRows real = SmallRows({60, 40}, 1);
  real.features.slice(0, 60) *= 3;
  const auto rows = SampleClassGaussians(real, {40'000, 40'000}, false,
                                         KeyedRng(0, RngPurpose::kClassGaussians, 0));
  ASSERT_TRUE(rows.ok()) << rows.status();

  const at::Tensor first = real.features.slice(0, 0, 60), second = real.features.slice(0, 60);
  const at::Tensor pooled = 0.6 * Covariance(first) + 0.4 * Covariance(second);
  const at::Tensor drawn = rows->features.slice(0, 40'000);
  EXPECT_TRUE(at::allclose(drawn.to(at::kDouble).mean(0), second.to(at::kDouble).mean(0), 0, 0.05));
  EXPECT_TRUE(at::allclose(Covariance(drawn), (pooled + Covariance(second)) / 2, 0.03, 0.15));
  EXPECT_TRUE(at::allclose(Covariance(rows->features.slice(0, 0, 40'000)),
                           (pooled + Covariance(first)) / 2, 0.03, 0.15));
}

TEST(ClassGaussiansTest, AClassOfOneRowTakesThePooledCovariance) {
  const LabelledRows real = SmallRows({50, 1}, 1);
  const auto rows =
      SampleClassGaussians(real, {0, 40'000}, false, KeyedRng(0, RngPurpose::kOrder, 0));
  const at::Tensor pooled = Covariance(real.features.slice(0, 0, 50)) * (50.0 / 51);
  EXPECT_TRUE(at::allclose(Covariance(rows->features), pooled, 0.05, 0.05));
  EXPECT_TRUE(at::allclose(rows->features.mean(0), real.features[50], 0, 0.05));
}

TEST(ClassGaussiansTest, CountsSignAndOrderAreThoseAskedFor) {
  const LabelledRows real = SmallRows({20, 10, 5}, 1);
  const auto rng = [] { return KeyedRng(3, RngPurpose::kClassGaussians, 0); };
  const auto rows = SampleClassGaussians(real, {2, 0, 3}, true, rng());
  EXPECT_TRUE(at::equal(rows->labels, at::tensor({0, 0, 2, 2, 2}, at::kLong)));
  EXPECT_GE(rows->features.min().item<float>(), 0);
  EXPECT_EQ(rows->features.scalar_type(), at::kFloat);
  EXPECT_TRUE(
      at::equal(SampleClassGaussians(real, {2, 0, 3}, true, rng())->features, rows->features));
  EXPECT_EQ(SampleClassGaussians(real, {0, 0, 0}, true, rng())->size(), 0);
}

TEST(ClassGaussiansTest, EqualRowsAreNoFault) {
  const LabelledRows real{.features = at::ones({4, 3}), .labels = at::zeros({4}, at::kLong)};
  const auto rows = SampleClassGaussians(real, {100}, false, KeyedRng(0, RngPurpose::kOrder, 0));
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_TRUE(at::allclose(rows->features, at::ones({100, 3}), 0, 0.02));
}

TEST(ClassGaussiansTest, AClassWithoutRowsAndNegativeCountsAreRefused) {
  const LabelledRows real = SmallRows({5, 0, 5}, 1);
  const auto error = [&](const std::vector<int64_t>& counts) {
    return std::string(SampleClassGaussians(real, counts, false, KeyedRng(0, RngPurpose::kOrder, 0))
                           .status()
                           .message());
  };
  EXPECT_EQ(error({1, 0, 1}), "");
  EXPECT_THAT(error({1, 1, 1}), HasSubstr("class 1 has no real row"));
  EXPECT_THAT(error({1, 0, -1}), HasSubstr("class 2 is -1; expected 0 or more"));
}

}  // namespace
}  // namespace tailcast::training
