#include "client/cli/retrain/retrain.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/report/arm_names.h"
#include "core/metrics/accuracy.h"
#include "core/training/controls.h"
#include "tests/client/cli/retrain/sample_trainer.h"

namespace tailcast::retrain {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class RetrainTest : public testing::Test {
 protected:
  RetrainTest() {
    options_.plan = "each=120";
    options_.guidance_candidates = {"0", "-0.1:-0.5"};
    options_.data_free_rows = 300;
    options_.arms = {report::kStage1,        report::kLogitAdjustment, report::kBalancedSoftmax,
                     report::kClassGaussian, report::kLdmlr,           report::kLdmlrDataFree};
  }

  absl::StatusOr<RetrainResult> Run() {
    return Retrain(
        data_, options_, source_,
        [this]() -> absl::StatusOr<training::LabelledRows> {
          ++test_openings_;
          queries_before_test_ = source_.queries.size();
          return test_;
        },
        progress_);
  }

  TrainerData data_ = SampleTrainer();
  training::LabelledRows test_ = SampleRows(std::vector<int64_t>(kSampleClasses, 200), 9);
  RetrainOptions options_;
  FakeRowSource source_;
  FakeProgress progress_;
  int test_openings_ = 0;
  size_t queries_before_test_ = 0;
};

TEST_F(RetrainTest, TestDataAreOpenedOnceAfterEveryRowWasTaken) {
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(test_openings_, 1);
  EXPECT_EQ(queries_before_test_, source_.queries.size());
}

TEST_F(RetrainTest, TestDataAreNotOpenedIfTheWorkFails) {
  progress_.stop_after = 3;
  EXPECT_EQ(Run().status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(test_openings_, 0);
}

TEST_F(RetrainTest, ChoicesDoNotDependOnTestData) {
  const auto first = Run();
  test_.labels = at::zeros_like(test_.labels);
  source_.queries.clear();
  const auto second = Run();
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->figures.choices, second->figures.choices);
  EXPECT_TRUE(at::equal(first->head.weight, second->head.weight));
  EXPECT_TRUE(at::equal(first->head.bias, second->head.bias));
}

TEST_F(RetrainTest, EveryArmIsMeasured) {
  const auto result = Run();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->figures.arms, SizeIs(6));
  for (const auto& [name, arm] : result->figures.arms) {
    EXPECT_THAT(arm.per_class, SizeIs(kSampleClasses)) << name;
  }
  EXPECT_DOUBLE_EQ(result->figures.arms.at(report::kLdmlr).accuracy,
                   metrics::PercentEqual(result->head.Predict(test_.features), test_.labels));
  EXPECT_EQ(result->figures.test_rows, test_.size());
  EXPECT_GT(result->figures.arms.at(report::kLdmlr).few,
            result->figures.arms.at(report::kStage1).few);
}

TEST_F(RetrainTest, GainedAndLostRowsExplainTheDifferenceOfAccuracies) {
  const auto result = Run();
  ASSERT_TRUE(result.ok());
  const report::RunFigures& figures = result->figures;
  EXPECT_THAT(figures.paired, SizeIs(5));
  for (const auto& [name, paired] : figures.paired) {
    const double points = 100.0 * static_cast<double>(paired.gained - paired.lost) /
                          static_cast<double>(test_.size());
    EXPECT_NEAR(points, figures.arms.at(report::kLdmlr).accuracy - figures.arms.at(name).accuracy,
                1e-9)
        << name;
  }
}

TEST_F(RetrainTest, EachCandidateTakesOnePeriodOfAFixedSetWithItsGuidance) {
  ASSERT_TRUE(Run().ok());
  ASSERT_THAT(source_.queries, SizeIs(3));
  for (const RowQuery& query : source_.queries) EXPECT_EQ(query.plan.repeat_period_count, 1);
  EXPECT_THAT(source_.queries[0].guidance_weights, testing::Each(0.0));
  const std::vector<double>& by_class = source_.queries[1].guidance_weights;
  ASSERT_THAT(by_class, SizeIs(kSampleClasses));
  EXPECT_NEAR(by_class.front(), -0.1, 1e-9);
  EXPECT_NEAR(by_class.back(), -0.5, 1e-9);
}

TEST_F(RetrainTest, TheDataFreeTrainerTakesTheBundlesSamplerAndNothingElse) {
  const auto result = Run();
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(source_.queries.back().guidance_weights, IsEmpty());
  EXPECT_EQ(source_.queries.back().plan.class_weights[0].weight, 300);
  EXPECT_THAT(result->figures.streams.at(report::kDataFreeStream).validation_accuracy, IsEmpty());

  // Other training rows, another head, other validation rows: the same data-free classifier.
  data_.training = SampleRows(data_.class_counts, 21);
  data_.validation = SampleRows(std::vector<int64_t>(kSampleClasses, 60), 22);
  data_.stage1.bias += 1.5 * at::arange(kSampleClasses);
  source_.queries.clear();
  const auto other = Run();
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(result->figures.arms.at(report::kLdmlrDataFree).per_class,
            other->figures.arms.at(report::kLdmlrDataFree).per_class);
}

TEST_F(RetrainTest, AClassWithoutTrainingRowsIsLeftOutOfEveryPlan) {
  constexpr int32_t kEmpty = kSampleClasses - 1;
  data_.class_counts[kEmpty] = 0;
  data_.training = SampleRows(data_.class_counts, 1);
  data_.class_groups = data::GroupClassesByRank(data_.class_counts);
  options_.plan = "ratio=1";
  const auto result = Run();
  ASSERT_TRUE(result.ok()) << result.status();
  for (const RowQuery& query : source_.queries) {
    ASSERT_THAT(query.plan.class_weights, SizeIs(kSampleClasses - 1)) << query.what;
    for (const ClassWeight& weight : query.plan.class_weights) {
      EXPECT_NE(weight.class_index, kEmpty) << query.what;
    }
  }
  EXPECT_THAT(result->figures.arms, SizeIs(6));
}

TEST_F(RetrainTest, APlanThatCannotBeEndsTheWorkBeforeAnythingIsStreamed) {
  options_.data_free_rows = int64_t{1} << 31;
  const absl::Status status = Run().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("data-free arm"));
  EXPECT_THAT(source_.queries, IsEmpty());
}

TEST_F(RetrainTest, GuidanceIsChosenOnValidationData) {
  // Rows of wrong classes: a candidate that nobody should take.
  const auto spoil = [](training::LabelledRows& rows) {
    rows.labels = (rows.labels + 1).remainder(kSampleClasses);
  };
  source_.spoil = [&](const RowQuery& query, training::LabelledRows& rows) {
    if (!query.guidance_weights.empty() && query.guidance_weights[0] == 0) spoil(rows);
  };
  const auto result = Run();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->figures.choices.at("guidance"), "-0.1:-0.5");
  EXPECT_EQ(result->figures.address, result->figures.streams.at("-0.1:-0.5").address);
}

TEST_F(RetrainTest, FiguresSayAmongHowManyEachArmChose) {
  const auto result = Run();
  ASSERT_TRUE(result.ok());
  const auto& choices = result->figures.choices;
  const size_t fits = training::RegularizationGrid().size() * training::BiasShiftGrid().size();
  EXPECT_EQ(choices.at("balanced softmax: candidates"), std::to_string(fits));
  EXPECT_EQ(choices.at("class Gaussians: candidates"), std::to_string(fits));
  EXPECT_EQ(choices.at("candidates"), std::to_string(options_.guidance_candidates.size() * fits));
  EXPECT_EQ(choices.at("logit adjustment: candidates"),
            std::to_string(training::LogitAdjustmentGrid().size()));
}

TEST_F(RetrainTest, FiguresSayWhatWasStreamed) {
  const auto result = Run();
  ASSERT_TRUE(result.ok());
  const report::RunFigures& figures = result->figures;
  EXPECT_EQ(figures.rows_streamed, 6 * (120 + 120 + 300));
  EXPECT_THAT(figures.streams,
              UnorderedElementsAre(Key("0"), Key("-0.1:-0.5"), Key(report::kDataFreeStream)));
  EXPECT_THAT(figures.streams.at("0").validation_accuracy, SizeIs(figures.bias_shifts.size()));
  EXPECT_EQ(figures.class_counts, data_.class_counts);
  EXPECT_THAT(figures.groups.many, ElementsAre(0, 1));
  EXPECT_THAT(figures.groups.few, ElementsAre(4, 5));
  EXPECT_EQ(figures.bundle, "sample@1");
  EXPECT_EQ(figures.plan, "each=120, one period of 720 rows");
}

TEST_F(RetrainTest, FiguresSurviveTheirFile) {
  const auto result = Run();
  ASSERT_TRUE(result.ok());
  const nlohmann::json json = report::ToJson(result->figures);
  const auto parsed = report::ParseRunFigures(json.dump(), "figures.json");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(report::ToJson(*parsed), json);
}

TEST_F(RetrainTest, TheSameSeedGivesTheSameFigures) {
  auto first = Run();
  source_.queries.clear();
  auto second = Run();
  ASSERT_TRUE(first.ok() && second.ok());
  first->figures.seconds.clear();
  second->figures.seconds.clear();
  EXPECT_EQ(report::ToJson(first->figures), report::ToJson(second->figures));
}

TEST_F(RetrainTest, OnlyTheArmsThatAreWantedAreFitted) {
  options_.arms = {report::kStage1, report::kLdmlr};
  const auto result = Run();
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(result->figures.arms,
              UnorderedElementsAre(Key(report::kStage1), Key(report::kLdmlr)));
  EXPECT_THAT(source_.queries, SizeIs(2));
}

TEST_F(RetrainTest, ThePapersRefitIsAnOption) {
  options_.refit.method = RefitMethod::kPaper;
  options_.refit.paper.epochs = 40;
  const auto result = Run();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->figures.choices.at("refit"), "paper");
}

TEST_F(RetrainTest, StoppingAtAnyPointIsCancelled) {
  ASSERT_TRUE(Run().ok());
  const int calls = progress_.calls;
  for (int stop = 0; stop + 2 < calls; ++stop) {
    source_.queries.clear();
    progress_ = FakeProgress();
    progress_.stop_after = stop;
    EXPECT_EQ(Run().status().code(), absl::StatusCode::kCancelled) << stop;
  }
}

TEST_F(RetrainTest, WrongOptionsAreNamed) {
  options_.guidance_candidates = {"0", "0"};
  EXPECT_THAT(Run().status().message(), HasSubstr("twice"));
  options_.guidance_candidates = {"strong"};
  EXPECT_THAT(Run().status().message(), HasSubstr("strong"));
  options_.guidance_candidates = {"0"};
  options_.plan = "each=0";
  EXPECT_EQ(Run().status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(test_openings_, 0);
}

TEST_F(RetrainTest, FailuresOfTestDataAreReported) {
  const auto result = Retrain(
      data_, options_, source_,
      []() -> absl::StatusOr<training::LabelledRows> { return absl::DataLossError("damaged"); },
      progress_);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace tailcast::retrain
