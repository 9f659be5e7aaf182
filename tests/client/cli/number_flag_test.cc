#include "client/cli/number_flag.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "gmock/gmock.h"

namespace tailcast::cli {
namespace {

using ::testing::HasSubstr;

// The value that `--steps TEXT` gives, or nothing if it is refused.
std::optional<int64_t> ParseSteps(const std::string& text, std::string* message = nullptr) {
  CLI::App app;
  int64_t steps = 16;
  AddIntegerFlag(app, "--steps", steps, {1, 1000}, "Steps");
  const std::string flag = "--steps=" + text;
  const char* argv[] = {"tool", flag.c_str()};
  try {
    app.parse(2, argv);
  } catch (const CLI::ParseError& error) {
    if (message != nullptr) *message = error.what();
    return std::nullopt;
  }
  return steps;
}

std::optional<double> ParseTau(const std::string& text) {
  CLI::App app;
  double tau = 0;
  AddNumberFlag(app, "--tau", tau, {0, 0.5}, "Weight");
  const std::string flag = "--tau=" + text;
  const char* argv[] = {"tool", flag.c_str()};
  try {
    app.parse(2, argv);
  } catch (const CLI::ParseError&) {
    return std::nullopt;
  }
  return tau;
}

TEST(NumberFlagTest, TakesIntegersUpToBothEnds) {
  EXPECT_EQ(ParseSteps("1"), 1);
  EXPECT_EQ(ParseSteps("1000"), 1000);
}

TEST(NumberFlagTest, ReadsLeadingZerosAsDecimal) { EXPECT_EQ(ParseSteps("010"), 10); }

TEST(NumberFlagTest, RefusesIntegersBeyondTheEndsNamingFlagValueAndRange) {
  std::string message;
  EXPECT_EQ(ParseSteps("0", &message), std::nullopt);
  EXPECT_THAT(message, HasSubstr("--steps"));
  EXPECT_THAT(message, HasSubstr("'0' is not accepted; expected an integer, 1 to 1000"));
  EXPECT_EQ(ParseSteps("1001"), std::nullopt);
  EXPECT_EQ(ParseSteps("-1"), std::nullopt);
}

TEST(NumberFlagTest, RefusesWhatIsNoInteger) {
  for (const char* text : {"x", "1.5", "1e2", "0x10", "5 6", "99999999999999999999"}) {
    EXPECT_EQ(ParseSteps(text), std::nullopt) << text;
  }
}

TEST(NumberFlagTest, TakesNumbersUpToBothEnds) {
  EXPECT_EQ(ParseTau("0"), 0.0);
  EXPECT_EQ(ParseTau("0.5"), 0.5);
  EXPECT_EQ(ParseTau("1e-3"), 1e-3);
}

TEST(NumberFlagTest, RefusesNumbersBeyondTheEndsAndThoseThatAreNone) {
  for (const char* text : {"0.5000001", "-1e-9", "nan", "inf", "-inf", "x", "1,5"}) {
    EXPECT_EQ(ParseTau(text), std::nullopt) << text;
  }
}

TEST(NumberFlagTest, AnEndThatIsExcludedIsRefusedAndSaid) {
  CLI::App app;
  double share = 0;
  AddNumberFlag(app, "--share", share, {0, 1, /*excludes_max=*/true}, "Share");
  const char* below[] = {"tool", "--share=0.999"};
  EXPECT_NO_THROW(app.parse(2, below));
  const char* end[] = {"tool", "--share=1"};
  EXPECT_THROW(app.parse(2, end), CLI::ValidationError);
  EXPECT_THAT(app.help(), HasSubstr("Share (0 to below 1)"));
}

TEST(NumberFlagTest, HelpShowsDefaultAndRange) {
  CLI::App app;
  int64_t steps = 16;
  AddIntegerFlag(app, "--steps", steps, {1, 1000}, "Sampler steps");
  EXPECT_THAT(app.help(), HasSubstr("--steps N=16"));
  EXPECT_THAT(app.help(), HasSubstr("Sampler steps (1 to 1000)"));
}

}  // namespace
}  // namespace tailcast::cli
