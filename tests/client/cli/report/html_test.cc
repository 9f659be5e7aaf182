#include "client/cli/report/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tailcast::report {
namespace {

using testing::HasSubstr;

TEST(EscapeHtmlTest, TextCannotLeaveItsElementOrAttribute) {
  EXPECT_EQ(EscapeHtml("<b a=\"x\" c='y'>&"), "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;");
  EXPECT_EQ(EscapeHtml(absl::string_view("a\0b\x1b\n", 5)), "ab\n");
  EXPECT_EQ(EscapeHtml("Stra\u00dfe"), "Stra\u00dfe");
}

TEST(NumberTextTest, NegativeNumbersHaveAMinusSignAndZeroHasNone) {
  EXPECT_EQ(NumberText(-1.234), "\u22121.23");
  EXPECT_EQ(NumberText(-0.001), "0.00");
  EXPECT_EQ(NumberText(82.5, 1), "82.5");
}

TEST(SignedTextTest, OnlyWhatPrintsAboveZeroHasAPlus) {
  EXPECT_EQ(SignedText(0.5), "+0.50");
  EXPECT_EQ(SignedText(0.001), "0.00");
  EXPECT_EQ(SignedText(-0.5), "\u22120.50");
}

TEST(CountTextTest, ThousandsAreSeparated) {
  EXPECT_EQ(CountText(0), "0");
  EXPECT_EQ(CountText(999), "999");
  EXPECT_EQ(CountText(1000), "1,000");
  EXPECT_EQ(CountText(1234567), "1,234,567");
  EXPECT_EQ(CountText(-1234), "-1,234");
  EXPECT_EQ(CountText(-999), "-999");
}

TEST(MomentsTextTest, OneValueHasADashForItsDeviation) {
  EXPECT_EQ(MomentsText(MomentsOf({1.5})), "1.50 <span class=\"deviation\">\u00b1 \u2013</span>");
  EXPECT_THAT(MomentsText(MomentsOf({1, 2}), true), HasSubstr("+1.50"));
  EXPECT_THAT(MomentsText(MomentsOf({1, 2}), true), HasSubstr("\u00b1 0.71"));
}

TEST(TableTest, HeaderCellsSayWhatTheyHead) {
  Table table("A <caption>", {"Name", "Count"});
  table.AddRow({TextCell("a<b"), NumberCell("1")}, "ours");
  const std::string html = table.Html();
  EXPECT_THAT(html, HasSubstr("<caption>A &lt;caption&gt;</caption>"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"col\">Name</th>"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"col\" class=\"number\">Count</th>"));
  EXPECT_THAT(html, HasSubstr("<tr class=\"ours\"><th scope=\"row\">a&lt;b</th>"));
  EXPECT_THAT(html, HasSubstr("<td class=\"number\">1</td>"));
}

}  // namespace
}  // namespace tailcast::report
