#include "server/telemetry/logging.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
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

// Standard error leads into a pipe that nobody reads at first.
class FullPipe {
 public:
  FullPipe() : old_(dup(STDERR_FILENO)) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    lines_ = fdopen(ends[0], "r");
  }
  ~FullPipe() {
    dup2(old_, STDERR_FILENO);
    close(old_);
    std::fclose(lines_);
  }
  std::string ReadLine() {
    char line[4096];
    return std::fgets(line, sizeof(line), lines_) != nullptr ? line : "";
  }

 private:
  const int old_;
  FILE* lines_;
};

TEST(LoggingTest, LinesThatNobodyTookAreCounted) {
  constexpr int kLines = 40'000;  // more than the pipe and the queue hold together
  FullPipe pipe;
  StartLogging({.format = LogFormat::kJson});
  for (int i = 0; i < kLines; ++i) Log(LogLevel::kInfo, "flood");
  FlushLogs();

  int64_t seen = 0, dropped = 0;
  while (seen + dropped < kLines) {
    const auto line = nlohmann::json::parse(pipe.ReadLine());
    if (line["message"] == "flood") ++seen;
    if (line["message"] == "log lines dropped") dropped += line["count"].get<int64_t>();
  }

  EXPECT_GT(dropped, 0);
  EXPECT_EQ(seen + dropped, kLines);
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
