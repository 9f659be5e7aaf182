#include "client/cli/text_table.h"

#include <gtest/gtest.h>

namespace tailcast::cli {
namespace {

TEST(TextTableTest, AlignsWordsLeftAndNumbersRight) {
  EXPECT_EQ(TextTable({{"name", "rows", "note"}, {"bag", "5", "a"}, {"ankle boot", "1200", "bc"}}),
            "name        rows  note\n"
            "bag            5  a\n"
            "ankle boot  1200  bc");
}

TEST(TextTableTest, LeavesNoBlanksAtTheEndOfALine) {
  EXPECT_EQ(TextTable({{"a", "long heading"}, {"b", "x"}}), "a  long heading\nb  x");
}

TEST(TextTableTest, HeadingsAloneAndNothingAtAll) {
  EXPECT_EQ(TextTable({{"a", "b"}}), "a  b");
  EXPECT_EQ(TextTable({}), "");
}

TEST(TextTableTest, ShortRowsArePossible) { EXPECT_EQ(TextTable({{"a", "b"}, {"1"}}), "a  b\n1"); }

}  // namespace
}  // namespace tailcast::cli
