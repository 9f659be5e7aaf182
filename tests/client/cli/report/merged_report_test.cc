#include "client/cli/report/merged_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "client/cli/report/arm_names.h"
#include "tests/client/cli/report/sample_figures.h"

namespace tailcast::report {
namespace {

using testing::AllOf;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;

ReportInputs ThreeSeeds() {
  ReportInputs inputs;
  // Not in order: the report sorts them.
  inputs.runs = {SampleFigures(1), SampleFigures(0), SampleFigures(2)};
  return inputs;
}

std::string Refusal(ReportInputs inputs) {
  const auto merged = Merge(std::move(inputs));
  EXPECT_EQ(merged.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(merged.status().message());
}

TEST(MomentsTest, DeviationIsThatOfASample) {
  const Moments moments = MomentsOf({2, 4, 4, 4, 5, 5, 7, 9});
  EXPECT_DOUBLE_EQ(moments.mean, 5);
  EXPECT_NEAR(moments.deviation.value(), std::sqrt(32.0 / 7), 1e-12);
}

TEST(MomentsTest, OneValueHasNoDeviation) {
  EXPECT_EQ(MomentsOf({3}).mean, 3);
  EXPECT_FALSE(MomentsOf({3}).deviation.has_value());
}

TEST(MergeTest, MeansAndDeviationsAreOverSeeds) {
  const auto report = Merge(ThreeSeeds());
  ASSERT_TRUE(report.ok()) << report.status();
  const ArmSummary& stage1 = *report->Arm(kStage1);
  // 67.5 + 0, 0.5, 1.0
  EXPECT_NEAR(stage1.accuracy.mean, 68.0, 1e-9);
  EXPECT_NEAR(stage1.accuracy.deviation.value(), 0.5, 1e-9);
  EXPECT_THAT(stage1.seeds, ElementsAre(0, 1, 2));
  EXPECT_NEAR(stage1.per_class[0], 40.5, 1e-9);
  EXPECT_NEAR(stage1.per_class[9], 95.5, 1e-9);
  EXPECT_EQ(report->rows_streamed(), 90000);
}

TEST(MergeTest, DifferencesArePairedSoThatTheSeedCancels) {
  const auto report = Merge(ThreeSeeds());
  ASSERT_TRUE(report.ok());
  ASSERT_EQ(report->differences.size(), 4);
  const Difference& stage1 = report->differences[0];
  EXPECT_EQ(stage1.from, kStage1);
  EXPECT_NEAR(stage1.accuracy.mean, 11.0, 1e-9);
  EXPECT_NEAR(stage1.accuracy.deviation.value(), 0.0, 1e-9);
  EXPECT_THAT(stage1.accuracy.values,
              ElementsAre(DoubleNear(11, 1e-9), DoubleNear(11, 1e-9), DoubleNear(11, 1e-9)));
  EXPECT_EQ(stage1.gained, 1500);
  EXPECT_EQ(stage1.lost, 600);
}

TEST(MergeTest, ADifferenceIsReportedAsItIsAlsoWhenTheControlIsBetter) {
  ReportInputs inputs = ThreeSeeds();
  for (RunFigures& run : inputs.runs) run.arms[kLogitAdjustment].accuracy = 90;
  const auto report = Merge(std::move(inputs));
  ASSERT_TRUE(report.ok());
  EXPECT_NEAR(report->differences[1].accuracy.mean, 79.0 - 90, 1e-9);
  EXPECT_LT(ToJson(*report)["ldmlr_minus"][kLogitAdjustment]["accuracy_mean"], 0);
}

TEST(MergeTest, AnAblationIsAnArmOfItsOneSeed) {
  ReportInputs inputs = ThreeSeeds();
  RunFigures cbdm = SampleFigures(0);
  cbdm.arms[kLdmlr].accuracy = 77.25;
  inputs.ablations = {{"ldmlr_cbdm", cbdm}};
  const auto report = Merge(std::move(inputs));
  ASSERT_TRUE(report.ok()) << report.status();
  const ArmSummary& arm = *report->Arm("ldmlr_cbdm");
  EXPECT_EQ(arm.accuracy.mean, 77.25);
  EXPECT_THAT(arm.seeds, ElementsAre(0));
  EXPECT_EQ(report->arms.back().name, "ldmlr_cbdm");
  EXPECT_EQ(report->rows_streamed(), 120000) << "three runs and an ablation of 30000 each";
  const nlohmann::json json = ToJson(*report)["arms"];
  for (const char* member : {"accuracy_std", "few_std"}) {
    EXPECT_TRUE(json.at("ldmlr_cbdm").at(member).is_null()) << member;
    EXPECT_TRUE(json.at(kStage1).at(member).is_number()) << member;
  }
}

TEST(MergeTest, JsonHoldsWhatTheQuickStartPromises) {
  ReportInputs inputs = ThreeSeeds();
  inputs.ablations = {{"ldmlr_cbdm", SampleFigures(0)}, {"ldmlr_diffrop", SampleFigures(0)}};
  inputs.steps = {{"split", 1.5, "tailcast split"}, {"encode", 2.5, ""}};
  const auto report = Merge(std::move(inputs));
  ASSERT_TRUE(report.ok());
  const nlohmann::json json = ToJson(*report);
  EXPECT_EQ(json["dataset"], "fashion-mnist");
  EXPECT_EQ(json["class_counts"][9], 5900);
  for (const ArmText& arm : kArmTexts) {
    const auto& figures = json["arms"].at(arm.name);
    for (const char* member : {"accuracy_mean", "many", "medium", "few"}) {
      EXPECT_TRUE(figures.at(member).is_number()) << arm.name << " " << member;
    }
    EXPECT_EQ(figures.at("accuracy_std").is_null(), figures.at("seeds").size() == 1) << arm.name;
    EXPECT_EQ(figures.at("per_class").size(), 10);
  }
  EXPECT_EQ(json["rows_streamed"], 150000);
  EXPECT_EQ(json["bundle_digest"], SampleFigures(0).bundle_digest);
  EXPECT_EQ(json["address"], SampleFigures(0).address);
  EXPECT_EQ(json["seconds"]["split"], 1.5);
  EXPECT_EQ(json["commands"][0]["command"], "tailcast split");
}

TEST(MergeTest, WithoutMeasuredStepsTheRunsOwnTimesStand) {
  const auto report = Merge(ThreeSeeds());
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(ToJson(*report)["seconds"]["retrain seed 0: streams"], 8.3);
}

TEST(MergeTest, ADatasetNameOverridesTheRunsOwn) {
  ReportInputs inputs = ThreeSeeds();
  inputs.dataset = "Fashion-MNIST-LT";
  EXPECT_EQ(Merge(std::move(inputs))->dataset, "Fashion-MNIST-LT");
}

TEST(MergeTest, RunsOfDifferentExperimentsAreRefused) {
  ReportInputs inputs = ThreeSeeds();
  inputs.runs[1].class_counts[0] = 60;
  EXPECT_THAT(Refusal(inputs), HasSubstr("class_counts"));
  inputs = ThreeSeeds();
  inputs.runs[2].test_rows = 1;
  EXPECT_THAT(Refusal(inputs), HasSubstr("test_rows"));
  inputs = ThreeSeeds();
  inputs.runs[2].dataset = "cifar-10";
  EXPECT_THAT(Refusal(inputs), HasSubstr("dataset"));
  inputs = ThreeSeeds();
  inputs.runs[2].arms.erase(kClassGaussian);
  EXPECT_THAT(Refusal(inputs), HasSubstr(kClassGaussian));
}

TEST(MergeTest, ASeedMayOccurOnce) {
  ReportInputs inputs = ThreeSeeds();
  inputs.runs[0].seed = 2;
  EXPECT_THAT(Refusal(inputs), HasSubstr("seed 2 occurs twice"));
}

TEST(MergeTest, NoRunIsAnError) { EXPECT_THAT(Refusal({}), HasSubstr("no run")); }

TEST(MergeTest, AnAblationNeedsASeedOfTheRunsAndANameOfItsOwn) {
  ReportInputs inputs = ThreeSeeds();
  inputs.ablations = {{"ldmlr_cbdm", SampleFigures(5)}};
  EXPECT_THAT(Refusal(inputs), AllOf(HasSubstr("ldmlr_cbdm"), HasSubstr("seed 5")));
  inputs.ablations = {{kStage1, SampleFigures(0)}};
  EXPECT_THAT(Refusal(inputs), HasSubstr(kStage1));
  inputs.ablations = {{"a", SampleFigures(0)}, {"a", SampleFigures(0)}};
  EXPECT_THAT(Refusal(inputs), HasSubstr("twice"));
}

TEST(ParseStepsTest, ReadsLinesInTheirOrderWithCommands) {
  const auto steps = ParseSteps(
      "{\"step\":\"split\",\"seconds\":1,\"command\":\"tailcast split\"}\n\n"
      "{\"step\":\"report\"}\n",
      "steps.jsonl");
  ASSERT_TRUE(steps.ok()) << steps.status();
  ASSERT_EQ(steps->size(), 2);
  EXPECT_EQ((*steps)[0].command, "tailcast split");
  EXPECT_EQ((*steps)[0].seconds, 1);
  EXPECT_EQ((*steps)[1].name, "report");
  EXPECT_EQ((*steps)[1].seconds, std::nullopt);
}

TEST(ParseStepsTest, ReadsOneLineAsALine) {
  const auto steps = ParseSteps("{\"step\":\"split\",\"seconds\":1}", "steps.jsonl");
  ASSERT_TRUE(steps.ok()) << steps.status();
  ASSERT_EQ(steps->size(), 1);
  EXPECT_EQ((*steps)[0].name, "split");
}

TEST(ParseStepsTest, AFaultIsNamedWithItsLine) {
  const auto fault = [](absl::string_view line) {
    return std::string(
        ParseSteps(absl::StrCat("{\"step\":\"a\"}\n", line), "file").status().message());
  };
  EXPECT_THAT(fault("{\"seconds\":1}"), AllOf(HasSubstr("file line 2"), HasSubstr("step")));
  EXPECT_THAT(fault("{\"step\":\"b\",\"seconds\":-1}"), HasSubstr("-1"));
  EXPECT_THAT(fault("{\"step\":\"b\",\"took\":1}"), HasSubstr("took"));
  EXPECT_THAT(fault("[1, 2]"), HasSubstr("file line 2"));
}

}  // namespace
}  // namespace tailcast::report
