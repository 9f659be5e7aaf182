#include "client/cli/retrain/refit_choice.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/metrics/accuracy.h"
#include "tests/client/cli/retrain/sample_trainer.h"

namespace tailcast::retrain {
namespace {

using testing::ElementsAre;
using testing::Gt;

double Accuracy(const classifiers::LinearHead& head, const training::LabelledRows& rows) {
  return metrics::PercentEqual(head.Predict(rows.features), rows.labels);
}

std::vector<int64_t> Each(int64_t rows) { return std::vector<int64_t>(kSampleClasses, rows); }

TEST(RefitAndChooseTest, TheHeadIsTheOneWithTheBestValidationAccuracy) {
  const TrainerData data = SampleTrainer();
  FakeProgress progress;
  const RefitSettings settings = {.regularised = {}, .paper = {}, .bias_shifts = {0, 0.25, 3}};
  const auto choice = RefitAndChoose(data, SampleRows(Each(200), 3), settings, progress);
  ASSERT_TRUE(choice.ok()) << choice.status();
  ASSERT_EQ(choice->validation_accuracy.size(), 3);
  EXPECT_DOUBLE_EQ(Accuracy(choice->head, data.validation), choice->best_accuracy());
  for (const double accuracy : choice->validation_accuracy) {
    EXPECT_LE(accuracy, choice->best_accuracy());
  }
  // Balanced rows need no shift by three times the log frequency.
  EXPECT_NE(choice->best_shift, 2);
}

TEST(RefitAndChooseTest, OfEqualShiftsTheFirstIsTaken) {
  const TrainerData data = SampleTrainer();
  FakeProgress progress;
  const RefitSettings settings = {.regularised = {}, .paper = {}, .bias_shifts = {0.1, 0.1, 0.1}};
  const auto choice = RefitAndChoose(data, SampleRows(Each(50), 3), settings, progress);
  ASSERT_TRUE(choice.ok());
  EXPECT_EQ(choice->best_shift, 0);
}

TEST(RefitAndChooseTest, BothMethodsBeatAHeadThatFavoursFrequentClasses) {
  const TrainerData data = SampleTrainer();
  const training::LabelledRows test = SampleRows(Each(500), 4);
  FakeProgress progress;
  for (const RefitMethod method : {RefitMethod::kRegularised, RefitMethod::kPaper}) {
    const RefitSettings settings = {.method = method, .regularised = {}, .paper = {}};
    const auto choice = RefitAndChoose(data, SampleRows(Each(500), 3), settings, progress);
    ASSERT_TRUE(choice.ok()) << choice.status();
    EXPECT_THAT(Accuracy(choice->head, test), Gt(Accuracy(data.stage1, test) + 2));
  }
}

TEST(BestOfTest, OfEqualChoicesTheFirstIsTaken) {
  const auto choice = [](double accuracy) {
    return RefitChoice{.head = {}, .validation_accuracy = {accuracy}};
  };
  EXPECT_EQ(BestOf({choice(1), choice(3), choice(3), choice(2)}), 1);
}

TEST(FitDataFreeTest, GeneratedRowsAloneGiveAClassifierOfEveryClass) {
  const auto head = FitDataFree(SampleRows(Each(800), 5), kSampleClasses);
  ASSERT_TRUE(head.ok()) << head.status();
  const training::LabelledRows test = SampleRows(Each(500), 6);
  // Within reach of the nearest-centre rule, which is the best there is for these classes.
  EXPECT_GT(Accuracy(*head, test), 70);
  EXPECT_THAT(head->weight.sizes().vec(), ElementsAre(kSampleClasses, kSampleDim));
}

}  // namespace
}  // namespace tailcast::retrain
