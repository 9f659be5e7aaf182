#include "core/bundle/assemble.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/bundle/contents.h"

namespace tailcast::bundle {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string ErrorOf(const BundleParts& parts) {
  const auto contents = AssembleBundle(parts);
  if (contents.ok()) return "no error";
  EXPECT_EQ(contents.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(contents.status().message());
}

TEST(AssembleBundleTest, AnEncoderOfAnotherSignIsRefusedWithBothSpaces) {
  BundleParts parts = FullParts();
  EXPECT_EQ(ErrorOf(parts), "no error");
  parts.feature_space.non_negative = false;
  EXPECT_THAT(ErrorOf(parts), AllOf(HasSubstr(ToHex(parts.encoder->feature_space())),
                                    HasSubstr("64 dimensions, non-negative); expected"),
                                    HasSubstr(ToHex(parts.feature_space.digest())),
                                    HasSubstr("64 dimensions, of either sign)")));
}

TEST(AssembleBundleTest, AnEncoderOfAnotherDimensionIsRefused) {
  BundleParts parts = FullParts();
  parts.classifier.reset();
  parts.feature_space.dimension = 65;
  EXPECT_THAT(ErrorOf(parts), HasSubstr("65 dimensions, non-negative)"));
}

}  // namespace
}  // namespace tailcast::bundle
