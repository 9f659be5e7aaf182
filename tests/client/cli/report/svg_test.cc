#include "client/cli/report/svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tailcast::report {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(LinearScaleTest, EndsMapToEnds) {
  const LinearScale scale(10, 20, 100, 300);
  EXPECT_DOUBLE_EQ(scale(10), 100);
  EXPECT_DOUBLE_EQ(scale(20), 300);
  EXPECT_DOUBLE_EQ(scale(15), 200);
  EXPECT_DOUBLE_EQ(LinearScale(0, 1, 220, 0)(0.25), 165);
}

TEST(LinearScaleTest, ADomainWithoutExtentMapsToTheMiddle) {
  const LinearScale scale(5, 5, 0, 10);
  EXPECT_DOUBLE_EQ(scale(5), 5);
  EXPECT_THAT(scale.Ticks(5), ElementsAre());
}

TEST(LinearScaleTest, TicksEndAlsoWhereStepsVanish) {
  EXPECT_LE(LinearScale(0, 4.9e-324, 0, 1).Ticks(5).size(), 6);
  EXPECT_LE(LinearScale(1e300, 1.0000000000000002e300, 0, 1).Ticks(5).size(), 6);
  EXPECT_LE(LinearScale(-1.7e308, 1.7e308, 0, 1).Ticks(5).size(), 6);
}

TEST(LinearScaleTest, TicksAreRoundAndInside) {
  EXPECT_THAT(LinearScale(78.3, 84.1, 0, 1).Ticks(5), ElementsAre(80, 82, 84));
  EXPECT_THAT(LinearScale(0, 100, 0, 1).Ticks(5), ElementsAre(0, 20, 40, 60, 80, 100));
  EXPECT_THAT(LinearScale(0, 0.31, 0, 1).Ticks(3), ElementsAre(0, DoubleNear(0.2, 1e-12)));
}

TEST(SvgTest, TextAndTooltipsAreEscaped) {
  Svg svg(10, 10, "A & B", "said \"so\"");
  svg.Text({1, 2}, "<x>", "label");
  svg.AddMark(Svg::Mark::kCircle, {1, 2}, 3, "ours", "a<b");
  const std::string html = svg.Html();
  EXPECT_THAT(html, HasSubstr("aria-label=\"A &amp; B. said &quot;so&quot;\""));
  EXPECT_THAT(html, HasSubstr("&lt;x&gt;"));
  EXPECT_THAT(html, HasSubstr("<title>a&lt;b</title>"));
  EXPECT_THAT(html, Not(HasSubstr("<x>")));
}

TEST(SvgTest, MarksHaveTheirShapes) {
  Svg svg(10, 10, "t", "d");
  svg.AddMark(Svg::Mark::kSquare, {5, 5}, 2, "a");
  svg.AddMark(Svg::Mark::kDiamond, {5, 5}, 2, "b");
  EXPECT_THAT(svg.Html(), HasSubstr("class=\"a\" x=\"3.0\" y=\"3.0\" width=\"4.0\""));
  EXPECT_THAT(svg.Html(), HasSubstr("rotate(45 5.0 5.0)"));
}

}  // namespace
}  // namespace tailcast::report
