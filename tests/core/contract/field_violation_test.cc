#include "core/contract/field_violation.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tailcast {
namespace {

using ::testing::ElementsAre;

TEST(FieldViolationTest, AStatusCarriesItsListInOrder) {
  const std::vector<FieldViolation> violations = {
      {.field = "stream.seed", .description = "is -1; expected [0, 9]"},
      {.field = "stream.plan", .description = "is \"x\"; expected\nanother"}};
  const absl::Status status = FieldViolationsError(violations);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldViolationsOf(status), violations);
}

TEST(FieldViolationTest, TheMessageNamesAllFields) {
  EXPECT_EQ(FieldViolationsError({{"a.b", "is 1"}, {"c", "is 2"}}).message(), "a.b is 1; c is 2");
}

TEST(FieldViolationTest, AStatusWithoutAListIsOneViolationOfItsFirstWord) {
  const auto only = [](absl::string_view message) {
    return FieldViolationsOf(absl::InvalidArgumentError(message));
  };
  EXPECT_THAT(only("stream.seed is -1; expected 0"),
              ElementsAre(FieldViolation{"stream.seed", "is -1; expected 0"}));
  EXPECT_THAT(only("stream.sampler: not served"),
              ElementsAre(FieldViolation{"stream.sampler", "not served"}));
  EXPECT_THAT(only("word"), ElementsAre(FieldViolation{"word", ""}));
  EXPECT_THAT(only(""), ElementsAre(FieldViolation{"", ""}));
}

TEST(FieldViolationTest, TextThatIsNotUtf8IsReplacedInTheList) {
  const auto violations = FieldViolationsOf(FieldViolationsError({{"field", "is '\xFF'"}}));
  EXPECT_THAT(violations, ElementsAre(FieldViolation{"field", "is '\xEF\xBF\xBD'"}));
}

TEST(FieldViolationTest, AListThatSomethingElseWroteIsNotTrusted) {
  absl::Status status = absl::InvalidArgumentError("stream.seed is -1");
  for (const char* payload : {"", "{", "[1, [2], [\"a\", 3]]", "{\"a\": 1}", "7"}) {
    status.SetPayload("tailcast.dev/field_violations", absl::Cord(payload));
    EXPECT_THAT(FieldViolationsOf(status), ElementsAre(FieldViolation{"stream.seed", "is -1"}))
        << payload;
  }
}

}  // namespace
}  // namespace tailcast
