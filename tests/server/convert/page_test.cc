#include "server/convert/page.h"

#include <gtest/gtest.h>

#include <string>

namespace tailcast::convert {
namespace {

TEST(PageTest, TokensBelongToTheirRequest) {
  const std::string token = NextPageToken("bundles/-", "bundles/a/versions/2");
  RequestFields fields;
  EXPECT_EQ(ToPage(0, token, "bundles/-", fields).after, "bundles/a/versions/2");
  EXPECT_TRUE(fields.ok());
  ToPage(0, token, "bundles/a", fields);
  EXPECT_EQ(fields.violations().size(), 1u);
  ToPage(0, "nonsense", "bundles/-", fields);
  EXPECT_EQ(fields.violations().size(), 2u);
}

TEST(PageTest, SizesHaveADefaultAndALimit) {
  RequestFields fields;
  EXPECT_EQ(ToPage(0, "", "p", fields).size, 50);
  EXPECT_EQ(ToPage(7, "", "p", fields).size, 7);
  EXPECT_EQ(ToPage(1000, "", "p", fields).size, 1000);
  EXPECT_EQ(ToPage(1001, "", "p", fields).size, 1000);
  EXPECT_TRUE(fields.ok());
  ToPage(-1, "", "p", fields);
  EXPECT_EQ(fields.violations().size(), 1u);
}

}  // namespace
}  // namespace tailcast::convert
