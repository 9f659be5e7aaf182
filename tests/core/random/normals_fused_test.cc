#include <gtest/gtest.h>

#include "tests/core/random/normals_digest.h"

namespace tailcast {
namespace {

// float32 values stay the same under fusing: only the digest of doubles can tell.
TEST(NormalsFusedTest, DigestOfDoublesNoticesFusedMultiplyAdd) {
#ifdef __FMA__
  EXPECT_NE(DigestOfDoubles(), kDoublesDigest);
#else
  GTEST_SKIP() << "this machine has no fused multiply-add";
#endif
}

}  // namespace
}  // namespace tailcast
