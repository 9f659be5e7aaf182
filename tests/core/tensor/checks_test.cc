#include "core/tensor/checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace tailcast {
namespace {

using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(CheckShapeTest, AcceptsTheShapeAndAnySizeWhereAsked) {
  const auto tensor = at::zeros({3, 4});

  EXPECT_TRUE(CheckShape(tensor, {3, 4}, "features").ok());
  EXPECT_TRUE(CheckShape(tensor, {-1, 4}, "features").ok());
  EXPECT_TRUE(CheckShape(at::zeros({}), {}, "step").ok());
}

TEST(CheckShapeTest, NamesWhatIsAndWhatWasExpected) {
  const auto status = CheckShape(at::zeros({3, 4}), {-1, 5}, "features");

  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "features has shape [3, 4]; expected [*, 5]");
}

TEST(CheckShapeTest, RefusesAnotherNumberOfDimensions) {
  EXPECT_FALSE(CheckShape(at::zeros({3, 4}), {-1}, "x").ok());
  EXPECT_FALSE(CheckShape(at::zeros({3}), {3, 1}, "x").ok());
}

TEST(CheckShapeTest, RefusesATensorThatIsNotThere) {
  EXPECT_EQ(CheckShape({}, {3}, "labels").message(), "labels is missing; expected shape [3]");
}

TEST(CheckFiniteTest, NamesTheFirstPlaceThatIsNotFinite) {
  auto features = at::zeros({4, 3});
  EXPECT_TRUE(CheckFinite(features, "features").ok());
  features[2][1] = kNan;
  features[3][0] = kInfinity;

  EXPECT_EQ(CheckFinite(features, "features").message(),
            "features: row 2, column 1 is nan; expected finite numbers");
}

TEST(CheckFiniteTest, FindsBothInfinities) {
  EXPECT_FALSE(CheckFinite(at::tensor({0.0, kInfinity}), "x").ok());
  EXPECT_THAT(CheckFinite(at::tensor({0.0, -kInfinity}), "x").message(),
              HasSubstr("element 1 is -inf"));
}

TEST(CheckLabelsTest, AcceptsTheFirstAndTheLastClass) {
  EXPECT_TRUE(CheckLabels(at::tensor({0, 9}, at::kLong), 10, "labels").ok());
}

TEST(CheckLabelsTest, NamesTheFirstLabelOutOfRange) {
  EXPECT_EQ(CheckLabels(at::tensor({0, 10, -1}, at::kLong), 10, "labels").message(),
            "labels: element 1 is 10; expected a class in [0, 10)");
  EXPECT_EQ(CheckLabels(at::tensor({-1, 3}, at::kLong), 10, "labels").message(),
            "labels: element 0 is -1; expected a class in [0, 10)");
}

TEST(CheckLabelsTest, RefusesLabelsThatAreNotInt64) {
  EXPECT_THAT(CheckLabels(at::zeros({3}), 10, "labels").message(),
              HasSubstr("labels has element type Float"));
}

}  // namespace
}  // namespace tailcast
