#include "server/telemetry/logging.h"

#include <gtest/gtest.h>

#include <string>

#include "nlohmann/json.hpp"

namespace tailcast::telemetry {
namespace {

nlohmann::json ParseLine(const std::string& line) {
  return nlohmann::json::parse("{" + line + "}");
}

TEST(LoggingTest, TextLinesQuoteWhatHasNoVisibleEnd) {
  EXPECT_EQ(FormatLogLine(LogFormat::kText, "access",
                          {{"method", "Generate"},
                           {"rows", int64_t{3}},
                           {"peer", ""},
                           {"text", "a \"b\"\nc"},
                           {"ok", true},
                           {"seconds", 0.5}}),
            R"(access method=Generate rows=3 peer="" text="a \"b\"\nc" ok=true seconds=0.5)");
}

TEST(LoggingTest, JsonLinesAreMembersOfAnObject) {
  const auto json = ParseLine(
      FormatLogLine(LogFormat::kJson, "says \"hi\"\n", {{"rows", int64_t{3}}, {"name", "a\\b"}}));
  EXPECT_EQ(json["message"], "says \"hi\"\n");
  EXPECT_EQ(json["rows"], 3);
  EXPECT_EQ(json["name"], "a\\b");
}

TEST(LoggingTest, TextThatIsNotUtf8StaysOneJsonLine) {
  const std::string line =
      FormatLogLine(LogFormat::kJson, "m", {{"bytes", std::string("\xFF\x00\n", 3)}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_TRUE(ParseLine(line).is_object());
}

TEST(LoggingTest, NamesOfFormatsAndLevels) {
  EXPECT_EQ(*LogFormatFromName("json"), LogFormat::kJson);
  EXPECT_EQ(*LogLevelFromName("warning"), LogLevel::kWarning);
  EXPECT_FALSE(LogFormatFromName("xml").ok());
  EXPECT_NE(std::string(LogLevelFromName("loud").status().message()).find("debug, info"),
            std::string::npos);
}

}  // namespace
}  // namespace tailcast::telemetry
