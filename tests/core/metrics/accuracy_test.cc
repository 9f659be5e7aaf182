#include "core/metrics/accuracy.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tailcast::metrics {
namespace {

using data::ClassGroup;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<ClassGroup>& Groups() {
  static const auto& groups =
      *new std::vector<ClassGroup>{ClassGroup::kMany, ClassGroup::kMany, ClassGroup::kFew};
  return groups;
}

at::Tensor Classes(const std::vector<int64_t>& classes) { return at::tensor(classes, at::kLong); }

TEST(AccuracyTest, CountsRightAnswersByClassAndGroup) {
  const auto accuracy = MeasureAccuracy(Classes({0, 0, 1, 1, 2, 2, 2, 0}),
                                        Classes({0, 0, 0, 1, 1, 2, 2, 2}), Groups());
  ASSERT_TRUE(accuracy.ok()) << accuracy.status();
  EXPECT_DOUBLE_EQ(accuracy->overall, 100 * 5.0 / 8);
  EXPECT_THAT(accuracy->per_class, ElementsAre(::testing::DoubleEq(100 * 2.0 / 3), 50,
                                               ::testing::DoubleEq(100 * 2.0 / 3)));
  EXPECT_DOUBLE_EQ(accuracy->many, 60);  // 3 of the 5 rows of classes 0 and 1
  EXPECT_DOUBLE_EQ(accuracy->few, 100 * 2.0 / 3);
  EXPECT_TRUE(std::isnan(accuracy->medium));
}

TEST(AccuracyTest, AClassWithoutRowsHasNone) {
  const auto accuracy = MeasureAccuracy(Classes({0, 2}), Classes({0, 0}), Groups());
  EXPECT_DOUBLE_EQ(accuracy->per_class[0], 50);
  EXPECT_TRUE(std::isnan(accuracy->per_class[1]));
  EXPECT_TRUE(std::isnan(accuracy->few));
}

TEST(AccuracyTest, AnswersOutsideTheClassesAreWrong) {
  EXPECT_DOUBLE_EQ(MeasureAccuracy(Classes({-1, 99, 0}), Classes({0, 0, 0}), Groups())->overall,
                   100.0 / 3);
}

TEST(AccuracyTest, WrongInputIsRefused) {
  const auto error = [](const at::Tensor& predicted, const at::Tensor& labels) {
    const auto accuracy = MeasureAccuracy(predicted, labels, Groups());
    EXPECT_EQ(accuracy.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(accuracy.status().message());
  };
  EXPECT_THAT(error(Classes({0}), Classes({0, 1})), HasSubstr("predicted classes"));
  EXPECT_THAT(error(Classes({0}), Classes({3})), HasSubstr("labels"));
  EXPECT_THAT(error(Classes({}), Classes({})), HasSubstr("empty"));
  EXPECT_THAT(error(at::zeros({1}), Classes({0})), HasSubstr("Float; expected Long"));
}

TEST(PercentEqualTest, IsTheShareOfEqualEntries) {
  EXPECT_DOUBLE_EQ(PercentEqual(Classes({1, 2, 3, 4}), Classes({1, 0, 3, 0})), 50);
}

}  // namespace
}  // namespace tailcast::metrics
