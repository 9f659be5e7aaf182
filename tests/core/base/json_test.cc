#include "core/base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace tailcast {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string ParseError(const std::string& text) {
  const auto value = ParseJson(text, "manifest.json");
  if (value.ok()) return "no error";
  EXPECT_EQ(value.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(value.status().message()), HasSubstr("manifest.json"));
  return std::string(value.status().message());
}

std::string Nested(int levels) {
  return std::string(static_cast<size_t>(levels), '[') +
         std::string(static_cast<size_t>(levels), ']');
}

TEST(ParseJsonTest, ReadsWhatJsonAllows) {
  const json value = *ParseJson(R"( {"a": [1, -2.5, true, null], "b": {"a": "\u00e9"}} )", "x");
  EXPECT_EQ(value["a"][1], -2.5);
  EXPECT_EQ(value["b"]["a"], "\xc3\xa9");
}

TEST(ParseJsonTest, MalformedTextIsNamedWithItsPosition) {
  EXPECT_THAT(ParseError("{\"a\": }"), HasSubstr("line 1, column 7"));
  for (const char* text : {"", "{", "[1,]", "nul", "{\"a\" 1}", "1 2", "{'a': 1}", "[NaN]",
                           "[1e999]", "\"\xff\"", "// x\n1"}) {
    EXPECT_THAT(ParseError(text), HasSubstr("is not JSON")) << text;
  }
}

TEST(ParseJsonTest, MessagesStayShortAndPrintable) {
  const std::string error = ParseError("\"\xff\x01" + std::string(100'000, 'x'));
  EXPECT_LT(error.size(), 300u);
  for (const char c : error) EXPECT_TRUE(c >= ' ' && c <= '~');
}

TEST(ParseJsonTest, NamesThatOccurTwiceAreRefused) {
  EXPECT_THAT(ParseError(R"({"a": 1, "b": 2, "a": 3})"), HasSubstr("member 'a' occurs twice"));
  EXPECT_THAT(ParseError(R"([{"x": {"a": 1, "a": {}}}])"), HasSubstr("member 'a' occurs twice"));
  EXPECT_EQ(ParseError(R"({"a": {"a": 1}, "b": {"a": [{"a": 1}, {"a": 2}]}})"), "no error");
}

TEST(ParseJsonTest, NestingIsAcceptedUpToItsLimit) {
  EXPECT_EQ(ParseError(Nested(64)), "no error");
  EXPECT_THAT(ParseError(Nested(65)), HasSubstr("nesting above 64 levels"));
  EXPECT_THAT(ParseError(Nested(1'000'000)), HasSubstr("nesting above 64 levels"));
}

TEST(CanonicalJsonTest, HasSortedNamesAndNoSpaces) {
  EXPECT_EQ(*CanonicalJson(*ParseJson(R"({"b": [1, 2.5], "a": {"d": null, "c": "x y"}})", "x")),
            R"({"a":{"c":"x y","d":null},"b":[1,2.5]})");
}

TEST(CanonicalJsonTest, SortsNamesBytewise) {
  EXPECT_EQ(*CanonicalJson(json{{"\xc3\xa9", 1}, {"z", 2}, {"Z", 3}, {"a1", 4}, {"a", 5}}),
            "{\"Z\":3,\"a\":5,\"a1\":4,\"z\":2,\"\xc3\xa9\":1}");
}

TEST(CanonicalJsonTest, NumbersAreReadBackExactly) {
  for (const double value : {0.1, 1.0 / 3.0, 1e300, 5e-324, 123456789.123456789}) {
    EXPECT_EQ(ParseJson(*CanonicalJson(json(value)), "x")->get<double>(), value);
  }
  EXPECT_EQ(*CanonicalJson(json(INT64_MAX)), "9223372036854775807");
}

TEST(CanonicalJsonTest, TextThatIsNotUtf8IsRefused) {
  EXPECT_EQ(CanonicalJson(json{{"a", "\xff"}}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(CanonicalJsonTest, NumbersThatAreNotFiniteAreRefusedAnywhere) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(CanonicalJson(json(nan)).ok());
  EXPECT_FALSE(CanonicalJson(json{{"a", {1.0, HUGE_VAL}}}).ok());
}

TEST(JsonReaderTest, ReadsEveryKindOfMember) {
  const json object = {{"s", "x"},     {"i", -3},        {"d", 0.5},         {"b", true},
                       {"il", {1, 2}}, {"dl", {1, 2.5}}, {"sl", {"a", "b"}}, {"o", {{"k", 1}}}};
  JsonReader reader(object, "f");
  EXPECT_EQ(reader.String("s"), "x");
  EXPECT_EQ(reader.Int64("i", -3, 3), -3);
  EXPECT_EQ(reader.Double("d", 0, 1), 0.5);
  EXPECT_TRUE(reader.Bool("b"));
  EXPECT_THAT(reader.Int64List("il", 1, 2), ElementsAre(1, 2));
  EXPECT_THAT(reader.DoubleList("dl"), ElementsAre(1.0, 2.5));
  EXPECT_THAT(reader.StringList("sl"), ElementsAre("a", "b"));
  EXPECT_EQ(reader.Object("o")["k"], 1);
  EXPECT_TRUE(reader.Has("s"));
  EXPECT_FALSE(reader.Has("t"));
  EXPECT_TRUE(reader.Finish().ok()) << reader.Finish();
}

// Message after one reading of {"m": value}.
template <typename Read>
std::string MessageFor(const json& value, Read read) {
  const json object = {{"m", value}};
  JsonReader reader(object, "f.json");
  read(reader);
  return std::string(reader.Finish().message());
}

TEST(JsonReaderTest, ErrorsNameFileMemberValueAndExpectation) {
  EXPECT_EQ(MessageFor("x", [](JsonReader& r) { r.Int64("m", 1, 9); }),
            "f.json: member 'm' is \"x\"; expected an integer in [1, 9]");
  EXPECT_EQ(MessageFor(1, [](JsonReader& r) { r.String("other"); }),
            "f.json: member 'other' is missing; expected a string");
}

TEST(JsonReaderTest, LargeValuesAreCutAndBytesOfAnyKindEscaped) {
  const auto read = [](JsonReader& r) { r.Int64("m", 1, 9); };
  json list = json::array();
  for (int i = 0; i < 1'000'000; ++i) list.push_back({{"k", i}});
  EXPECT_THAT(MessageFor(list, read),
              AllOf(HasSubstr(R"('m' is [{"k":0},{"k":1},{"k":2},)"), HasSubstr("...; expected")));
  EXPECT_LT(MessageFor(list, read).size(), 300u);
  EXPECT_LT(MessageFor(std::string(1'000'000, 'x'), read).size(), 300u);
  EXPECT_THAT(MessageFor("\x1b[31m\n\xff\xc3\xa4\x7f", read),
              HasSubstr(R"("\u001b[31m\n\ufffd\u00e4\u007f")"));
  EXPECT_THAT(MessageFor({{"a", {1, true, nullptr}}, {"b", -0.5}}, read),
              HasSubstr(R"({"a":[1,true,null],"b":-0.5};)"));
}

TEST(JsonReaderTest, IntegersAreAcceptedInTheirRangeOnly) {
  const auto read = [](JsonReader& r) { r.Int64("m", 1, 9); };
  EXPECT_EQ(MessageFor(1, read), "");
  EXPECT_EQ(MessageFor(9, read), "");
  for (const json& wrong : {json(0), json(10), json(-1), json(3.0), json(true), json(nullptr),
                            json(UINT64_MAX), json::array({3})}) {
    EXPECT_THAT(MessageFor(wrong, read), HasSubstr("expected an integer in [1, 9]")) << wrong;
  }
}

TEST(JsonReaderTest, LargeUnsignedNumbersAreNoNegativeOnes) {
  EXPECT_NE(MessageFor(UINT64_MAX, [](JsonReader& r) { r.Int64("m", INT64_MIN, INT64_MAX); }), "");
}

TEST(JsonReaderTest, NumbersAreAcceptedInTheirRangeOnly) {
  const auto read = [](JsonReader& r) { r.Double("m", 0.0, 1.0); };
  for (const json& good : {json(0), json(1), json(0.5)}) EXPECT_EQ(MessageFor(good, read), "");
  for (const json& wrong : {json(-0.1), json(1.1), json("0.5"), json(nullptr), json(true)}) {
    EXPECT_THAT(MessageFor(wrong, read), HasSubstr("expected a number in [0, 1]")) << wrong;
  }
}

TEST(JsonReaderTest, ListsMustHoldOnlyTheirKind) {
  for (const json& wrong : {json(1), json("x"), json({1, "x"}), json::object(), json({1, 0.5})}) {
    EXPECT_NE(MessageFor(wrong, [](JsonReader& r) { r.Int64List("m", 0, 9); }), "") << wrong;
  }
  EXPECT_NE(MessageFor({1, 10}, [](JsonReader& r) { r.Int64List("m", 0, 9); }), "");
  EXPECT_NE(MessageFor({1, true}, [](JsonReader& r) { r.DoubleList("m"); }), "");
  EXPECT_NE(MessageFor({"x", 1}, [](JsonReader& r) { r.StringList("m"); }), "");
  EXPECT_EQ(MessageFor(json::array(), [](JsonReader& r) { r.StringList("m"); }), "");
}

TEST(JsonReaderTest, OtherKindsAreRefusedForBoolAndObject) {
  EXPECT_NE(MessageFor(1, [](JsonReader& r) { r.Bool("m"); }), "");
  EXPECT_NE(MessageFor(json::array(), [](JsonReader& r) { r.Object("m"); }), "");
}

TEST(JsonReaderTest, TheFirstErrorIsKept) {
  const json object = {{"a", 1}};
  JsonReader reader(object, "f");
  reader.String("a");
  reader.Int64("b", 0, 1);
  EXPECT_THAT(std::string(reader.Finish().message()), HasSubstr("member 'a'"));
}

TEST(JsonReaderTest, UnknownMembersAreAnError) {
  const json object = {{"a", 1}, {"b", 2}};
  JsonReader reader(object, "f");
  reader.Int64("a", 0, 9);
  EXPECT_EQ(reader.Finish().message(), "f: unknown member 'b'; expected only a");
}

TEST(JsonReaderTest, AValueThatIsNoObjectIsNamed) {
  const json list = json::array({1});
  JsonReader reader(list, "f");
  EXPECT_EQ(reader.Int64("a", 4, 9), 4);
  EXPECT_THAT(reader.StringList("b"), IsEmpty());
  EXPECT_EQ(reader.Finish().message(), "f is a JSON array; expected an object");
}

}  // namespace
}  // namespace tailcast
