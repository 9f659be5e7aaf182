#include "core/training/controls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/classifiers/losses.h"
#include "core/metrics/accuracy.h"
#include "core/training/keyed_rng.h"
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
}

TEST(ChooseShiftTest, TakesTheBestOfTheGridOnValidation) {
  const LabelledRows validation = SmallRows({50, 50, 50}, 5);
  const auto stage1 =
      RefitClassifier(SmallRows(Counts(), 1), {}, 3, std::nullopt, {.regularization = 0.3})->head;
  const auto chosen = ChooseShift(stage1, Counts(), validation, {0, 0.7, 1.4}, "k");
  double best = -1, best_strength = -1;
  for (const double strength : {0.0, 0.7, 1.4}) {
    const double accuracy =
        AccuracyOf(classifiers::ShiftBias(stage1, Counts(), strength), validation);
    if (accuracy > best) best = accuracy, best_strength = strength;
  }
  EXPECT_EQ(chosen.chosen.at("k"), best_strength);
  EXPECT_EQ(chosen.validation_accuracy, best);
  EXPECT_EQ(AccuracyOf(chosen.head, validation), best);
}

TEST(ChooseShiftTest, TiesGoToTheFirstValue) {
  const LabelledRows validation{.features = at::zeros({2, kRowDim}),
                                .labels = at::tensor({0, 1}, at::kLong)};
  const auto head = SmallHead(3, 1);
  EXPECT_EQ(ChooseShift(head, {5, 5, 5}, validation, {0.25, 0.5, 0}, "k").chosen.at("k"), 0.25);
}

TEST(AdjustLogitsTest, IsNeverWorseOnValidationThanTheHeadItself) {
  const LabelledRows validation = SmallRows({50, 50, 50}, 5);
  const auto head = SmallHead(3, 2);
  const auto adjusted = AdjustLogits(head, Counts(), validation);
  EXPECT_GE(adjusted.validation_accuracy, AccuracyOf(head, validation));
  EXPECT_THAT(adjusted.chosen, Contains(Key("strength")));
  EXPECT_TRUE(at::equal(adjusted.head.weight, head.weight));
}

TEST(BalancedSoftmaxTest, HelpsTheRareClass) {
  const LabelledRows real = SmallRows(Counts(), 1), validation = SmallRows({200, 200, 200}, 5);
  const auto stage1 = SmallHead(3, 9);
  const auto fit = FitBalancedSoftmax(real, Counts(), stage1, validation);
  ASSERT_TRUE(fit.ok()) << fit.status();
  EXPECT_THAT(fit->chosen, Contains(Key("regularization")));
  EXPECT_THAT(fit->chosen, Contains(Key("bias_shift")));
  EXPECT_NEAR(AccuracyOf(fit->head, validation), fit->validation_accuracy, 1e-9);
  EXPECT_GT(fit->validation_accuracy, AccuracyOf(stage1, validation));
  EXPECT_GT(fit->validation_accuracy, 65);
}

TEST(BalancedSoftmaxTest, RowsThatDoNotFitAreRefused) {
  const LabelledRows validation = SmallRows({5, 5, 5}, 5);
  EXPECT_EQ(FitBalancedSoftmax(SmallRows({3, 3, 3, 3}, 1), Counts(), SmallHead(3, 9), validation)
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
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
