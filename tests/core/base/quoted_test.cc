#include "core/base/quoted.h"

#include <gtest/gtest.h>

#include <string>

namespace tailcast {
namespace {

TEST(QuotedTest, PrintableTextStaysAsItIs) {
  EXPECT_EQ(Quoted(""), "''");
  EXPECT_EQ(Quoted("a b/c-1.txt"), "'a b/c-1.txt'");
}

TEST(QuotedTest, WhatATerminalWouldObeyIsEscaped) {
  EXPECT_EQ(Quoted(std::string("a\n\x1b[31m\0", 8)), R"('a\n\x1b[31m\x00')");
  EXPECT_EQ(Quoted("\xff\xc3\xa4"), R"('\xff\xc3\xa4')");
  EXPECT_EQ(Quoted("it's \\"), R"('it\'s \\')");
}

TEST(QuotedTest, TextIsShownUpToTheLimit) {
  EXPECT_EQ(Quoted(std::string(80, 'x')), "'" + std::string(80, 'x') + "'");
  EXPECT_EQ(Quoted(std::string(81, 'x')), "'" + std::string(80, 'x') + "'...");
  EXPECT_EQ(Quoted("abc", /*max_bytes=*/2), "'ab'...");
}

}  // namespace
}  // namespace tailcast
