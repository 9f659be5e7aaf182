#include "core/contract/bundle_reference.h"

#include <string>

#include "gtest/gtest.h"

namespace tailcast {
namespace {

TEST(ReferenceTest, NamesFollowTheRule) {
  for (const std::string& name :
       {std::string("a"), std::string("0"), std::string("a.b_c-d"), std::string(63, 'x')}) {
    EXPECT_TRUE(ValidateBundleName(name).ok()) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("A"), std::string(".a"), std::string("-a"), std::string("a/b"),
        std::string("a b"), std::string("a@1"), std::string("a\0b", 3), std::string("\xC3\xA4"),
        std::string(64, 'x')}) {
    EXPECT_EQ(ValidateBundleName(name).code(), absl::StatusCode::kInvalidArgument) << name;
  }
}

TEST(ReferenceTest, ANameMayHaveAVersionOrALabel) {
  EXPECT_EQ(ParseBundleReference("a.b")->name, "a.b");
  EXPECT_FALSE(ParseBundleReference("a.b")->version.has_value());
  EXPECT_EQ(ParseBundleReference("a@12")->version, 12);
  EXPECT_EQ(ParseBundleReference("a:stable")->label, "stable");
  EXPECT_EQ(ParseBundleReference("a@999999999999999999")->version, 999'999'999'999'999'999);
}

TEST(ReferenceTest, TextsAreWrittenAsTheyAreRead) {
  for (const char* text : {"a.b", "a@12", "a:stable"}) {
    EXPECT_EQ(ToText(*ParseBundleReference(text)), text);
  }
}

TEST(ReferenceTest, AnythingElseIsRefused) {
  for (const char* text : {"", "@1", ":x", "a@", "a@0", "a@01", "a@-1", "a@1.5", "a@x", "a:", "a:B",
                           "a@1:stable", "a:stable@1", "a/b", "a:b:c", "a@1000000000000000000"}) {
    EXPECT_EQ(ParseBundleReference(text).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
}

}  // namespace
}  // namespace tailcast
