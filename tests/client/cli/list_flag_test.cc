#include "client/cli/list_flag.h"

#include <gtest/gtest.h>

#include "client/cli/command.h"
#include "gmock/gmock.h"

namespace tailcast::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ListFlagTest, ReadsIntegers) {
  EXPECT_THAT(*ParseIntegerList("--class-order", "9,0,10"), ElementsAre(9, 0, 10));
  EXPECT_THAT(*ParseIntegerList("--class-order", "3"), ElementsAre(3));
}

TEST(ListFlagTest, RefusesWhatIsNoListOfIntegersNamingFlagAndItem) {
  for (const char* text : {"", "1,,2", "1,x", "-1", "1.5", "1,2,", "99999999999999999999"}) {
    const auto numbers = ParseIntegerList("--class-order", text);
    ASSERT_FALSE(numbers.ok()) << text;
    EXPECT_TRUE(IsWrongUsage(numbers.status())) << text;
    EXPECT_THAT(std::string(numbers.status().message()), HasSubstr("--class-order: '")) << text;
  }
}

TEST(ListFlagTest, ReadsNames) {
  EXPECT_THAT(*ParseNameList("--class-names", "cat,dog house"), ElementsAre("cat", "dog house"));
}

TEST(ListFlagTest, RefusesEmptyAndRepeatedNames) {
  for (const char* text : {"", "a,,b", "a,b,a"}) {
    const auto names = ParseNameList("--class-names", text);
    ASSERT_FALSE(names.ok()) << text;
    EXPECT_TRUE(IsWrongUsage(names.status())) << text;
  }
}

}  // namespace
}  // namespace tailcast::cli
