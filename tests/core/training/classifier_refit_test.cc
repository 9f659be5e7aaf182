#include "core/training/classifier_refit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/training/refit_objective.h"
#include "tests/core/training/small_rows.h"

namespace tailcast::training {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<double> Doubles(const at::Tensor& tensor) {
  const at::Tensor values = tensor.to(at::kDouble).contiguous();
  return {values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()};
}

// A row's mass over all rows of its class and kind, by class. papers.md 1.8, step 5.
TEST(ClassMassWeightsTest, GiveEveryClassAMassOfOne) {
  const LabelledRows real = SmallRows({40, 20, 4, 0}, 1), generated = SmallRows({5, 5, 5, 5}, 2);
  const at::Tensor weights = ClassMassWeights(real, generated, 4, 0.3);
  const at::Tensor real_mass = at::bincount(real.labels, weights.slice(0, 0, real.size()), 4);
  const at::Tensor generated_mass =
      at::bincount(generated.labels, weights.slice(0, real.size()), 4);

  // r_c = max(.3, n_c / n_max)
  const std::vector<double> expected_real{1, 0.5, 0.3, 0}, expected_generated{0, 0.5, 0.7, 1};
  for (size_t c = 0; c < 4; ++c) {
    EXPECT_NEAR(Doubles(real_mass)[c], expected_real[c], 1e-12);
    EXPECT_NEAR(Doubles(generated_mass)[c], expected_generated[c], 1e-12);
  }
  EXPECT_NEAR(weights[45].item<double>(), 0.5 / 20, 1e-12);  // each row of a class alike
}

TEST(ClassMassWeightsTest, AClassWithRowsOfOneKindGivesThemAllItsMass) {
  const LabelledRows real = SmallRows({8, 2, 0}, 1), generated = SmallRows({0, 0, 3}, 2);
  EXPECT_NEAR(ClassMassWeights(real, generated, 3, 0.3).sum().item<double>(), 3, 1e-12);
  EXPECT_THAT(Doubles(ClassMassWeights({}, SmallRows({1, 2}, 2), 2, 0.3)),
              ElementsAre(1, 0.5, 0.5));
  EXPECT_THAT(Doubles(ClassMassWeights(SmallRows({1, 2}, 2), {}, 2, 0.3)),
              ElementsAre(1, 0.5, 0.5));
}

// What the refit minimises and its gradient, row by row from the formulas, for one head.
struct SlowTwin {
  double loss = 0;
  at::Tensor weight_gradient, bias_gradient;

  SlowTwin(const LabelledRows& rows, const at::Tensor& row_weights,
           const classifiers::LinearHead& head, const at::Tensor& anchor, double regularization) {
    const at::Tensor features = rows.features.to(at::kDouble);
    const at::Tensor weight = head.weight.to(at::kDouble), bias = head.bias.to(at::kDouble);
    const double total = row_weights.sum().item<double>();
    const at::Tensor offset = weight - anchor.to(at::kDouble);
    loss = regularization / 2 * offset.square().sum().item<double>();
    weight_gradient = regularization * offset;
    bias_gradient = at::zeros_like(bias);
    for (int64_t i = 0; i < rows.size(); ++i) {
      const double share = row_weights[i].item<double>() / total;
      const int64_t label = rows.labels[i].item<int64_t>();
      at::Tensor probability = at::softmax(at::mv(weight, features[i]) + bias, 0);
      loss -= share * std::log(probability[label].item<double>());
      probability[label] -= 1;
      weight_gradient += share * at::outer(probability, features[i]);
      bias_gradient += share * probability;
    }
  }
};

LabelledRows Join(const LabelledRows& a, const LabelledRows& b) {
  return {.features = at::cat({a.features, b.features}), .labels = at::cat({a.labels, b.labels})};
}

TEST(RefitClassifierTest, EndsWhereTheGradientIsZero) {
  const LabelledRows real = SmallRows({40, 12, 3}, 1), generated = SmallRows({10, 10, 10}, 2);
  const classifiers::LinearHead anchor = SmallHead(3, 3);
  const auto refit = RefitClassifier(real, generated, 3, anchor, {.max_iterations = 200});
  ASSERT_TRUE(refit.ok()) << refit.status();

  const SlowTwin twin(Join(real, generated), ClassMassWeights(real, generated, 3, 0.3), refit->head,
                      anchor.weight, 0.03);
  EXPECT_LT(twin.weight_gradient.abs().max().item<double>(), 1e-6);
  EXPECT_LT(twin.bias_gradient.abs().max().item<double>(), 1e-6);
  EXPECT_NEAR(refit->loss, twin.loss, 1e-9);
  EXPECT_LT(refit->gradient_norm, 1e-6);
}

TEST(RefitClassifierTest, PlainGradientDescentEndsAtTheSameHead) {
  const LabelledRows real = SmallRows({30, 8, 3}, 4), generated = SmallRows({6, 6, 6}, 5);
  const classifiers::LinearHead anchor = SmallHead(3, 6);
  const RefitOptions options{.regularization = 0.3, .max_iterations = 200};
  const auto refit = RefitClassifier(real, generated, 3, anchor, options);

  const at::Tensor row_weights = ClassMassWeights(real, generated, 3, options.min_real_share);
  classifiers::LinearHead head = {.weight = anchor.weight.to(at::kDouble),
                                  .bias = anchor.bias.to(at::kDouble)};
  for (int step = 0; step < 400; ++step) {
    const SlowTwin twin(Join(real, generated), row_weights, head, anchor.weight,
                        options.regularization);
    head.weight -= 0.5 * twin.weight_gradient;
    head.bias -= 0.5 * twin.bias_gradient;
  }
  EXPECT_TRUE(at::allclose(refit->head.weight.to(at::kDouble), head.weight, 1e-3, 1e-3));
  // The bias is free: only differences count.
  const at::Tensor bias = refit->head.bias.to(at::kDouble);
  EXPECT_TRUE(at::allclose(bias - bias[0], head.bias - head.bias[0], 1e-3, 1e-3));
}

TEST(RefitClassifierTest, FortyIterationsAreCloseToTheEnd) {
  const LabelledRows real = SmallRows({300, 60, 10}, 1), generated = SmallRows({50, 50, 50}, 2);
  const classifiers::LinearHead anchor = SmallHead(3, 3);
  const double loss = RefitClassifier(real, generated, 3, anchor)->loss;
  EXPECT_NEAR(loss, RefitClassifier(real, generated, 3, anchor, {.max_iterations = 500})->loss,
              1e-6 * loss);
}

TEST(RefitClassifierTest, StrongRegularisationKeepsTheAnchor) {
  const classifiers::LinearHead anchor = SmallHead(3, 3);
  const auto refit =
      RefitClassifier(SmallRows({30, 8, 3}, 4), {}, 3, anchor, {.regularization = 1e6});
  EXPECT_TRUE(at::allclose(refit->head.weight, anchor.weight, 1e-4, 1e-4));
}

TEST(RefitClassifierTest, WithoutAnAnchorStartsAtZeroAndIsPulledThere) {
  const LabelledRows generated = SmallRows({40, 40, 40}, 2);
  const auto refit = RefitClassifier({}, generated, 3, std::nullopt, {.max_iterations = 200});
  ASSERT_TRUE(refit.ok()) << refit.status();
  const SlowTwin twin(generated, at::ones({120}, at::kDouble), refit->head, at::zeros({3, kRowDim}),
                      0.03);
  EXPECT_LT(twin.weight_gradient.abs().max().item<double>(), 1e-6);
  EXPECT_EQ(RefitClassifier({}, generated, 3, std::nullopt, {.regularization = 1e6})
                    ->head.weight.abs()
                    .max()
                    .item<float>() < 1e-4f,
            true);
}

TEST(RefitClassifierTest, IsTheSameEachTime) {
  const LabelledRows real = SmallRows({40, 12, 3}, 1), generated = SmallRows({10, 10, 10}, 2);
  const auto first = RefitClassifier(real, generated, 3, SmallHead(3, 3));
  const auto second = RefitClassifier(real, generated, 3, SmallHead(3, 3));
  EXPECT_TRUE(at::equal(first->head.weight, second->head.weight));
  EXPECT_TRUE(at::equal(first->head.bias, second->head.bias));
}

std::string ErrorOf(const LabelledRows& real, const LabelledRows& generated, int64_t num_classes,
                    const RefitOptions& options = {}) {
  const auto refit = RefitClassifier(real, generated, num_classes, std::nullopt, options);
  if (refit.ok()) return "no error";
  EXPECT_EQ(refit.status().code(), absl::StatusCode::kInvalidArgument) << refit.status();
  return std::string(refit.status().message());
}

TEST(RefitClassifierTest, RowsThatDoNotFitAreNamed) {
  const LabelledRows rows = SmallRows({4, 4}, 1);
  EXPECT_EQ(ErrorOf(rows, rows, 2), "no error");
  EXPECT_THAT(ErrorOf({}, {}, 2), HasSubstr("no rows"));
  EXPECT_THAT(ErrorOf(rows, rows, 0), HasSubstr("number of classes is 0"));
  EXPECT_THAT(ErrorOf(rows, SmallRows({4, 4, 4}, 1), 2), HasSubstr("generated labels"));
  LabelledRows wrong = rows;
  wrong.features = at::ones({8, kRowDim + 1});
  EXPECT_THAT(ErrorOf(rows, wrong, 2), HasSubstr("generated features"));
  wrong.features = rows.features.clone();
  wrong.features[3][2] = std::nanf("");
  EXPECT_THAT(ErrorOf(wrong, rows, 2), HasSubstr("real features"));
  EXPECT_THAT(ErrorOf(wrong, rows, 2), HasSubstr("row 3, column 2"));

  const auto refit = RefitClassifier(rows, {}, 2, SmallHead(3, 1));
  EXPECT_THAT(std::string(refit.status().message()), HasSubstr("classifier's weight"));
}

TEST(RefitClassifierTest, AFitThatDoesNotEndInFiniteNumbersIsAnError) {
  const LabelledRows rows = SmallRows({4, 4}, 1);
  for (const bool in_weight : {true, false}) {
    classifiers::LinearHead anchor = SmallHead(2, 1);
    (in_weight ? anchor.weight : anchor.bias)[1].fill_(std::nanf(""));
    const auto refit = RefitClassifier(rows, {}, 2, anchor);
    EXPECT_EQ(refit.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(refit.status().message()), HasSubstr("its loss is nan"));
  }
}

TEST(CheckRefitResultTest, NamesTheEntryThatIsNotFinite) {
  RefitResult result{.head = SmallHead(2, 1), .loss = 0.5};
  EXPECT_TRUE(CheckRefitResult(result).ok());
  result.head.weight[1][3] = INFINITY;
  EXPECT_THAT(std::string(CheckRefitResult(result).message()),
              HasSubstr("classifier.weight: row 1, column 3 is inf"));
}

TEST(RefitClassifierTest, OptionsHaveLimits) {
  const LabelledRows rows = SmallRows({4, 4}, 1);
  for (const double share : {0.0, 1.0}) {
    EXPECT_EQ(ErrorOf(rows, rows, 2, {.min_real_share = share}), "no error");
  }
  for (const double regularization : {0.0, 1e6}) {
    EXPECT_EQ(ErrorOf(rows, rows, 2, {.regularization = regularization}), "no error");
  }
  EXPECT_THAT(ErrorOf(rows, rows, 2, {.min_real_share = 1.01}),
              HasSubstr("min_real_share is 1.01"));
  EXPECT_THAT(ErrorOf(rows, rows, 2, {.min_real_share = std::nan("")}),
              HasSubstr("min_real_share"));
  EXPECT_THAT(ErrorOf(rows, rows, 2, {.regularization = -1}), HasSubstr("regularization is -1"));
  EXPECT_THAT(ErrorOf(rows, rows, 2, {.regularization = 1.00001e6}),
              HasSubstr("regularization is 1.00001e+06; expected 0 to 1e+06"));
  EXPECT_THAT(ErrorOf(rows, rows, 2, {.max_iterations = 0}), HasSubstr("max_iterations is 0"));
}

}  // namespace
}  // namespace tailcast::training
