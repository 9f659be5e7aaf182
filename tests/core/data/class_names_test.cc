#include "core/data/class_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace tailcast::data {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

std::vector<std::string> Numbered(size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back(absl::StrCat("c", i));
  return names;
}

TEST(ClassNamesTest, AListIsWholeUpToItsLimit) {
  EXPECT_EQ(ListNames({}), "");
  EXPECT_EQ(ListNames({"cat", "dog"}), "cat, dog");
  EXPECT_THAT(ListNames(Numbered(kMaxListedNames)), EndsWith("c18, c19"));
  EXPECT_THAT(ListNames(Numbered(kMaxListedNames + 1)), EndsWith("c18, c19 and 1 more"));
  EXPECT_THAT(ListNames(Numbered(5000)), EndsWith("c18, c19 and 4980 more"));
}

TEST(ClassNamesTest, AllTogetherTheyAreAtMostAMebibyte) {
  std::vector<std::string> names = {std::string(kMaxClassNameBytes - 3, 'x'), "abc"};
  EXPECT_TRUE(CheckClassNameBytes(names, "'f'").ok());
  names[1] += "d";
  const absl::Status status = CheckClassNameBytes(names, "'f'");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "'f': the 2 class_names have 1048577 bytes together; expected at most 1048576");
}

TEST(ClassNamesTest, TheSameClassesInTheSameOrderAreAccepted) {
  EXPECT_TRUE(CheckSameClasses(Numbered(3), "'a'", Numbered(3), "'b'").ok());
}

TEST(ClassNamesTest, AnotherOrderNamesBothAndTheFirstThatDiffers) {
  const absl::Status status = CheckSameClasses({"a", "c", "b"}, "'x'", {"a", "b", "c"}, "'y'");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "'x' has the classes a, c, b; expected those of 'y': a, b, c (the first to differ is "
            "class 1)");
}

TEST(ClassNamesTest, MoreOrFewerClassesAreOthers) {
  for (const auto& [actual, expected] : {std::pair{2, 3}, {3, 2}, {0, 1}}) {
    EXPECT_THAT(
        std::string(CheckSameClasses(Numbered(actual), "'x'", Numbered(expected), "'y'").message()),
        HasSubstr(absl::StrCat("class ", std::min(actual, expected), ")")));
  }
}

TEST(ClassNamesTest, ADifferenceBeyondTheListIsStillNamed) {
  std::vector<std::string> other = Numbered(60);
  other[57] = "odd";
  EXPECT_THAT(std::string(CheckSameClasses(other, "'x'", Numbered(60), "'y'").message()),
              AllOf(HasSubstr("and 40 more"), HasSubstr("class 57")));
}

}  // namespace
}  // namespace tailcast::data
