#include "client/cli/retrain_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"

namespace tailcast::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string CommandOf(const std::vector<std::string>& words) {
  CLI::App app("A tool", "retrain");
  RetrainFlags flags;
  AddRetrainFlags(app, flags);
  std::vector<const char*> argv = {"retrain"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  app.parse(static_cast<int>(argv.size()), argv.data());
  return CommandText(flags);
}

const std::vector<std::string> kNeeded = {"--bundle",     "b@1", "--features", "f", "--test", "t",
                                          "--validation", "v",   "--output",   "o"};

TEST(RetrainFlagsTest, TheCommandRecordsEveryFlagThatDecidesTheResult) {
  const std::map<std::string, std::string> values = {{"--features", "f.st"},
                                                     {"--validation", "v.st"},
                                                     {"--test", "t.st"},
                                                     {"--encoder", "e.st"},
                                                     {"--head", "h.st"},
                                                     {"--feature-space", "mine"},
                                                     {"--output", "out"},
                                                     {"--server", "a:1,b:2"},
                                                     {"--bundle", "shapes@3"},
                                                     {"--plan", "ratio=2"},
                                                     {"--seed", "5"},
                                                     {"--steps", "7"},
                                                     {"--guidance-candidates", "0,-0.5"},
                                                     {"--bias-shifts", "0,0.3"},
                                                     {"--regularizations", "0.5"},
                                                     {"--refit", "paper"},
                                                     {"--epochs", "11"},
                                                     {"--data-free-rows", "12"},
                                                     {"--arms", "logit_adjustment"},
                                                     {"--threads", "13"}};
  const std::set<std::string> decide_nothing = {"--help", "--retry-for"};
  std::vector<std::string> words;
  for (const auto& [flag, value] : values) words.insert(words.end(), {flag, value});
  const std::string command = CommandOf(words) + " ";
  CLI::App app;
  RetrainFlags flags;
  AddRetrainFlags(app, flags);
  for (const CLI::Option* option : app.get_options()) {
    const std::string flag = absl::StrCat("--", option->get_lnames().front());
    if (decide_nothing.contains(flag)) continue;
    ASSERT_TRUE(values.contains(flag)) << flag;
    EXPECT_THAT(command, HasSubstr(absl::StrCat(" ", flag, " ", values.at(flag), " ")));
  }
}

TEST(RetrainFlagsTest, DefaultsAreLeftOut) {
  EXPECT_EQ(CommandOf(kNeeded),
            "tailcast retrain --server 127.0.0.1:50071 --bundle b@1 --features f --validation v "
            "--test t --seed 0 --output o");
}

TEST(RetrainFlagsTest, WhatAShellWouldTakeApartIsQuoted) {
  std::vector<std::string> words = kNeeded;
  words.back() = "it's here";
  EXPECT_THAT(CommandOf(words), HasSubstr("--output 'it'\\''s here'"));
  EXPECT_THAT(CommandOf(kNeeded), Not(HasSubstr("'")));
}

}  // namespace
}  // namespace tailcast::cli
