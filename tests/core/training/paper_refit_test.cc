#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/classifiers/losses.h"
#include "core/training/classifier_refit.h"
#include "tests/core/training/recording_sink.h"
#include "tests/core/training/small_rows.h"

namespace tailcast::training {
namespace {

TEST(PaperRefitTest, OneFullBatchIsOneStepOfAdam) {
  const LabelledRows real = SmallRows({10, 5, 3}, 1), generated = SmallRows({2, 2, 2}, 2);
  const classifiers::LinearHead stage1 = SmallHead(3, 3);
  const PaperRefitOptions options{.epochs = 1, .batch_size = 100};
  RecordingSink sink;
  const auto refit = RefitClassifierAsPaper(real, generated, stage1, options, sink);
  ASSERT_TRUE(refit.ok()) << refit.status();

  // Adam's first step moves each weight by lr * g / (|g| + eps), g with the L2 term.
  const at::Tensor weight = stage1.weight.clone().requires_grad_();
  const at::Tensor bias = stage1.bias.clone().requires_grad_();
  const at::Tensor loss = classifiers::CrossEntropy(
      at::addmm(bias, at::cat({real.features, generated.features}), weight.t()),
      at::cat({real.labels, generated.labels}));
  loss.backward();
  const auto step = [](const at::Tensor& parameter) {
    const at::Tensor g = parameter.grad() + 1e-5 * parameter.detach();
    return at::Tensor(parameter.detach() - 1e-3 * g / (g.abs() + 1e-8));
  };
  EXPECT_TRUE(at::allclose(refit->head.weight, step(weight), 1e-4, 1e-6));
  EXPECT_TRUE(at::allclose(refit->head.bias, step(bias), 1e-4, 1e-6));
  EXPECT_NEAR(refit->loss, loss.item<double>(), 1e-6);
}

TEST(PaperRefitTest, LowersTheLossOfAllRowsTogether) {
  const LabelledRows real = SmallRows({60, 20, 5}, 1), generated = SmallRows({12, 5, 5}, 2);
  const auto loss = [&](const classifiers::LinearHead& head) {
    return classifiers::CrossEntropy(head.Scores(at::cat({real.features, generated.features})),
                                     at::cat({real.labels, generated.labels}))
        .item<double>();
  };
  RecordingSink sink;
  const auto refit = RefitClassifierAsPaper(real, generated, SmallHead(3, 3),
                                            {.epochs = 300, .batch_size = 32}, sink);
  EXPECT_LT(loss(refit->head), 0.7 * loss(SmallHead(3, 3)));
  EXPECT_EQ(sink.num_advances, 300);
  EXPECT_EQ(sink.num_ends, 1);
}

TEST(PaperRefitTest, TheOrderOfTheRowsComesFromTheSeed) {
  const LabelledRows real = SmallRows({60, 20, 5}, 1);
  const auto weight = [&](int64_t seed) {
    RecordingSink sink;
    return RefitClassifierAsPaper(real, {}, SmallHead(3, 3),
                                  {.epochs = 3, .batch_size = 8, .seed = seed}, sink)
        ->head.weight;
  };
  EXPECT_TRUE(at::equal(weight(0), weight(0)));
  EXPECT_FALSE(at::equal(weight(0), weight(1)));
}

TEST(PaperRefitTest, StopsWhenAsked) {
  RecordingSink sink;
  sink.stop_after = 7;
  const auto refit = RefitClassifierAsPaper(SmallRows({6, 2, 1}, 1), {}, SmallHead(3, 3), {}, sink);
  EXPECT_EQ(refit.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(sink.last_done, 7);
  EXPECT_EQ(sink.num_ends, 1);
}

TEST(PaperRefitTest, ALossThatIsNotFiniteIsAnErrorAtItsEpoch) {
  LabelledRows rows = SmallRows({4, 2, 1}, 1);
  rows.features[2][1] = 3e38F;
  RecordingSink sink;
  const auto refit = RefitClassifierAsPaper(rows, {}, SmallHead(3, 3), {.epochs = 5}, sink);
  EXPECT_EQ(refit.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refit.status().message()), testing::HasSubstr("the loss of epoch"));
  EXPECT_LT(sink.num_advances, 5);
  EXPECT_EQ(sink.num_ends, 1);
}

TEST(PaperRefitTest, WrongRowsAndOptionsAreRefused) {
  RecordingSink sink;
  const auto code = [&](const LabelledRows& real, const PaperRefitOptions& options) {
    return RefitClassifierAsPaper(real, {}, SmallHead(3, 3), options, sink).status().code();
  };
  const LabelledRows rows = SmallRows({4, 2, 1}, 1);
  EXPECT_EQ(code(rows, {.epochs = 1}), absl::StatusCode::kOk);
  EXPECT_EQ(code(rows, {.epochs = 0}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(rows, {.batch_size = 0}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(rows, {.seed = -1}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(rows, {.learning_rate = -1e-3}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(rows, {.learning_rate = std::nan("")}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(SmallRows({1, 1, 1, 1}, 1), {}), absl::StatusCode::kInvalidArgument);
}

TEST(PaperRefitTest, OptionsHaveLimits) {
  const auto status_of = [](const PaperRefitOptions& options) {
    RecordingSink sink;
    return RefitClassifierAsPaper(SmallRows({4, 2, 1}, 1), {}, SmallHead(3, 3), options, sink)
        .status();
  };
  EXPECT_EQ(status_of({.epochs = 1, .learning_rate = 10, .weight_decay = 1}), absl::OkStatus());
  EXPECT_EQ(status_of({.learning_rate = 10.01}),
            absl::InvalidArgumentError("refit option learning_rate is 10.01; expected 0 to 10"));
  EXPECT_EQ(status_of({.weight_decay = 1.01}),
            absl::InvalidArgumentError("refit option weight_decay is 1.01; expected 0 to 1"));
}

}  // namespace
}  // namespace tailcast::training
