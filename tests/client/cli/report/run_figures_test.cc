#include "client/cli/report/run_figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/report/arm_names.h"
#include "tests/client/cli/report/sample_figures.h"

namespace tailcast::report {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

std::string Refusal(const json& figures) {
  const auto parsed = ParseRunFigures(figures.dump(), "DIR/figures.json");
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(parsed.status().message());
}

TEST(RunFiguresTest, EveryMemberComesBack) {
  const json written = ToJson(SampleFigures(2));
  const auto parsed = ParseRunFigures(written.dump(), "figures.json");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(ToJson(*parsed), written);
  EXPECT_EQ(parsed->seed, 2);
  EXPECT_EQ(parsed->groups.few, (std::vector<int64_t>{2, 1, 0}));
  EXPECT_EQ(parsed->paired.at(kStage1).gained, 500);
  EXPECT_EQ(parsed->distances.at("few/generated").quantiles.size(), kQuantileShares.size());
  EXPECT_EQ(parsed->streams.at(kDataFreeStream).rows, 20000);
}

TEST(RunFiguresTest, AMissingMemberIsNamedWithItsFile) {
  for (const char* member : {"format", "arms", "class_counts", "address", "seed", "streams"}) {
    json figures = ToJson(SampleFigures(0));
    figures.erase(member);
    EXPECT_THAT(Refusal(figures), AllOf(HasSubstr("DIR/figures.json"), HasSubstr(member)));
  }
}

TEST(RunFiguresTest, AnUnknownMemberIsRefused) {
  json figures = ToJson(SampleFigures(0));
  figures["extra"] = 1;
  EXPECT_THAT(Refusal(figures), HasSubstr("extra"));
}

TEST(RunFiguresTest, AnotherFormatIsRefused) {
  json figures = ToJson(SampleFigures(0));
  figures["format"] = "tailcast.retrain.v2";
  EXPECT_THAT(Refusal(figures), HasSubstr(kFiguresFormat));
}

TEST(RunFiguresTest, ListsOfContradictingLengthAreRefused) {
  json figures = ToJson(SampleFigures(0));
  figures["arms"][kLdmlr]["per_class"].push_back(1.0);
  EXPECT_THAT(Refusal(figures), AllOf(HasSubstr(kLdmlr), HasSubstr("10 numbers")));

  figures = ToJson(SampleFigures(0));
  figures["projection"]["0"]["training"]["x"].push_back(1.0);
  EXPECT_THAT(Refusal(figures), HasSubstr("as many x as y"));

  figures = ToJson(SampleFigures(0));
  figures["distances"]["few/generated"]["quantiles"] = {1.0};
  EXPECT_THAT(Refusal(figures), HasSubstr("5 quantiles"));

  figures = ToJson(SampleFigures(0));
  figures["class_names"] = {"a"};
  EXPECT_THAT(Refusal(figures), HasSubstr("class_names"));
}

TEST(RunFiguresTest, ValuesOutOfRangeAreRefused) {
  json figures = ToJson(SampleFigures(0));
  figures["arms"][kStage1]["accuracy"] = 100.5;
  EXPECT_THAT(Refusal(figures), HasSubstr("100.5"));

  figures = ToJson(SampleFigures(0));
  figures["groups"]["few"] = {10};
  EXPECT_THAT(Refusal(figures), HasSubstr("few"));

  figures = ToJson(SampleFigures(0));
  figures["projection"]["10"] = figures["projection"]["0"];
  EXPECT_THAT(Refusal(figures), HasSubstr("class_index"));
}

TEST(RunFiguresTest, UnknownSetsOfDistancesAreRefused) {
  json figures = ToJson(SampleFigures(0));
  figures["distances"]["many/generated"] = figures["distances"]["few/generated"];
  EXPECT_THAT(Refusal(figures), HasSubstr("many/generated"));
}

TEST(RunFiguresTest, WhatIsNoJsonIsRefused) {
  EXPECT_EQ(ParseRunFigures("{", "x").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ParseRunFigures("[]", "x").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ParseRunFigures("", "x").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tailcast::report
