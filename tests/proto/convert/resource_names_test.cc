#include "proto/convert/resource_names.h"

#include <gtest/gtest.h>

#include <string>

namespace tailcast {
namespace {

TEST(ResourceNamesTest, ReadWhatTheyWrite) {
  const auto version = ParseBundleResource(VersionResource("a.b-c_1", 12));
  ASSERT_TRUE(version.ok());
  EXPECT_EQ(version->name, "a.b-c_1");
  EXPECT_EQ(version->version, 12);
  EXPECT_EQ(ResourceOf(*version), "bundles/a.b-c_1/versions/12");
  const auto label = ParseBundleResource(LabelResource("a", "stable"));
  ASSERT_TRUE(label.ok());
  EXPECT_EQ(label->label, "stable");
  EXPECT_EQ(ResourceOf(*label), "bundles/a/labels/stable");
}

TEST(ResourceNamesTest, RefuseEverythingElse) {
  for (const char* const text :
       {"", "a", "bundles/a", "bundles//versions/1", "bundles/a/versions/", "bundles/a/versions/0",
        "bundles/a/versions/-1", "bundles/a/versions/01", "bundles/a/versions/+1",
        "bundles/a/versions/1 ", "bundles/a/versions/9223372036854775808", "bundles/a/versions/1/",
        "bundles/A/versions/1", "bundles/../versions/1", "bundles/-/versions/1",
        "bundles/a/labels/", "bundles/a/labels/Stable", "bundles/a/tags/x",
        "Bundles/a/versions/1"}) {
    EXPECT_FALSE(ParseBundleResource(text).ok()) << text;
  }
  const std::string longest(63, 'a');
  EXPECT_TRUE(ParseBundleResource(VersionResource(longest, 1)).ok());
  EXPECT_FALSE(ParseBundleResource(VersionResource(longest + "a", 1)).ok());
}

TEST(ResourceNamesTest, ErrorsQuoteWhatStandsThere) {
  const std::string message(ParseBundleResource("bad\nname").status().message());
  EXPECT_NE(message.find("'bad\\nname'"), std::string::npos) << message;
  EXPECT_NE(message.find("bundles/{bundle}/versions/{version}"), std::string::npos);
}

TEST(ResourceNamesTest, AllNamesOnlyWhereAllowed) {
  EXPECT_EQ(*ParseBundleParent("bundles/-", /*allow_all=*/true), "-");
  EXPECT_FALSE(ParseBundleParent("bundles/-", /*allow_all=*/false).ok());
  EXPECT_EQ(*ParseBundleParent("bundles/a", /*allow_all=*/false), "a");
  EXPECT_FALSE(ParseBundleParent("bundles/", /*allow_all=*/true).ok());
}

TEST(ResourceNamesTest, PeopleReadAReference) {
  EXPECT_EQ(ReferenceText("bundles/fake/versions/12"), "fake@12");
  EXPECT_EQ(ReferenceText("bundles/fake/labels/stable"), "fake:stable");
  EXPECT_EQ(ReferenceText("bundles/fake"), "fake");
  EXPECT_EQ(ReferenceText("bundles/fake/tags/x"), "bundles/fake/tags/x");
}

}  // namespace
}  // namespace tailcast
