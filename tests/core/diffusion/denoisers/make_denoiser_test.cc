#include "core/diffusion/denoisers/make_denoiser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace tailcast::diffusion {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(const DenoiserSpec& spec) {
  const auto denoiser = MakeDenoiser(spec);
  if (denoiser.ok()) return "no error";
  EXPECT_EQ(denoiser.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(denoiser.status().message());
}

// Small, so that a limit can be tried without its memory.
DenoiserSpec Small() {
  return {.feature_dim = 2, .num_classes = 1, .hidden_dim = 1, .embedding_dim = 2, .num_blocks = 1};
}

TEST(MakeDenoiserTest, MakesTheDefault) { EXPECT_TRUE(MakeDenoiser({}).ok()); }

TEST(MakeDenoiserTest, NamesAnUnknownArchitecture) {
  DenoiserSpec spec = Small();
  spec.architecture = "transformer";
  EXPECT_EQ(ErrorOf(spec), "denoiser.architecture is 'transformer'; expected residual_mlp");
}

TEST(MakeDenoiserTest, EverySizeHasAnUpperAndALowerLimit) {
  struct Limit {
    int64_t DenoiserSpec::*field;
    const char* name;
    int64_t min, max;
  };
  const Limit limits[] = {{&DenoiserSpec::feature_dim, "feature_dim", 1, 65'536},
                          {&DenoiserSpec::num_classes, "num_classes", 1, 65'536},
                          {&DenoiserSpec::hidden_dim, "hidden_dim", 1, 4096},
                          {&DenoiserSpec::embedding_dim, "embedding_dim", 2, 4096},
                          {&DenoiserSpec::num_blocks, "num_blocks", 1, 64}};
  for (const Limit& limit : limits) {
    for (const int64_t wrong : {limit.min - 1, limit.max + 1, int64_t{-5}}) {
      DenoiserSpec spec = Small();
      spec.*limit.field = wrong;
      EXPECT_THAT(ErrorOf(spec), HasSubstr(absl::StrCat("denoiser.", limit.name, " is ", wrong,
                                                        "; expected a number in [", limit.min)));
    }
    DenoiserSpec lowest = Small();
    lowest.*limit.field = limit.min;
    EXPECT_EQ(ErrorOf(lowest), "no error") << limit.name;
    DenoiserSpec highest = Small();
    highest.*limit.field = limit.max;
    EXPECT_EQ(ErrorOf(highest), "no error") << limit.name;
  }
}

// Each size is allowed, together they are not: a damaged file must not fill the memory.
TEST(MakeDenoiserTest, LimitsTheNumberOfWeights) {
  EXPECT_THAT(ErrorOf({.hidden_dim = 4096, .num_blocks = 4}),
              HasSubstr("weights; expected at most 268435456"));
  EXPECT_THAT(ErrorOf({.feature_dim = 65'536,
                       .num_classes = 65'536,
                       .hidden_dim = 4096,
                       .embedding_dim = 4096,
                       .num_blocks = 64}),
              HasSubstr("weights; expected at most 268435456"));
}

TEST(MakeDenoiserTest, RefusesAnOddEmbedding) {
  DenoiserSpec spec = Small();
  spec.embedding_dim = 7;
  EXPECT_EQ(ErrorOf(spec), "denoiser.embedding_dim is 7; expected an even number");
}

}  // namespace
}  // namespace tailcast::diffusion
