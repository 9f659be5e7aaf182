#include "core/contract/sampler_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"

namespace tailcast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

SamplerSpec Ddim25() {
  return {.method = SamplerMethod::kDdim, .num_steps = 25, .eta = 0.0, .guidance_weights = {-0.3}};
}

std::string ErrorOf(const SamplerSpec& spec, int32_t num_timesteps = 1000) {
  const absl::Status status = ValidateSamplerSpec(spec, /*num_classes=*/10, num_timesteps);
  if (status.ok()) return "no error";
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(SamplerSpecTest, DigestIsThatOfTheContract) {
  EXPECT_EQ(ToHex(SamplerDigest(Ddim25())),
            "b6a94e11b118704959665277ef0c80a625e1c80388becca478cf115c6ddc8b48");
}

TEST(SamplerSpecTest, PreimageOfTheDigestIsThatOfTheContract) {
  const std::string preimage = absl::HexStringToBytes(
      "7461696c636173742e73616d706c65722e763100020000001900000001000000000000000000000001000000"
      "333333333333d3bf");
  EXPECT_EQ(Sha256Of(preimage), SamplerDigest(Ddim25()));
}

TEST(SamplerSpecTest, DigestWithGuidanceByClassIsThatOfTheContract) {
  std::vector<int64_t> counts;
  for (int c = 0; c < 10; ++c)
    counts.push_back(static_cast<int64_t>(5000 * std::pow(100.0, -c / 9.0)));
  SamplerSpec spec = Ddim25();
  spec.guidance_weights = GuidanceByClass(-0.1, -0.5, counts);
  EXPECT_THAT(spec.guidance_weights, ElementsAre(-0.1, -0.144457, -0.188933, -0.233351, -0.277882,
                                                 -0.322252, -0.366696, -0.411191, -0.455978, -0.5));
  EXPECT_EQ(ToHex(SamplerDigest(spec)),
            "dc85f7729da26a56d790e435b163619fb910e45cec82f5abc2570655e705beeb");
}

TEST(SamplerSpecTest, EqualWeightsAndNegativeZeroHaveOneDigest) {
  SamplerSpec spec = Ddim25();
  spec.eta = -0.0;
  spec.guidance_weights.assign(10, -0.3);
  EXPECT_EQ(SamplerDigest(spec), SamplerDigest(Ddim25()));
  spec.guidance_weights = {-0.0, 0.0};
  EXPECT_THAT(Canonical(spec).guidance_weights, ElementsAre(0.0));
  EXPECT_FALSE(std::signbit(Canonical(spec).guidance_weights[0]));
}

TEST(SamplerSpecTest, EveryFieldChangesTheDigest) {
  const Digest digest = SamplerDigest(Ddim25());
  SamplerSpec spec = Ddim25();
  spec.method = SamplerMethod::kDpmSolver;
  EXPECT_NE(SamplerDigest(spec), digest);
  spec = Ddim25();
  spec.num_steps = 24;
  EXPECT_NE(SamplerDigest(spec), digest);
  spec = Ddim25();
  spec.eta = 0.5;
  EXPECT_NE(SamplerDigest(spec), digest);
  spec = Ddim25();
  spec.guidance_weights = {-0.3, -0.2};
  EXPECT_NE(SamplerDigest(spec), digest);
}

TEST(SamplerSpecTest, TrailingTimestepsAreThoseOfTheContract) {
  EXPECT_THAT(TrailingTimesteps(16, 1000), ElementsAre(999, 937, 874, 811, 749, 687, 624, 561, 499,
                                                       437, 374, 311, 249, 187, 124, 61));
  EXPECT_THAT(TrailingTimesteps(7, 1000), ElementsAre(999, 856, 713, 570, 428, 285, 142));
  EXPECT_THAT(TrailingTimesteps(1, 1000), ElementsAre(999));
  EXPECT_THAT(TrailingTimesteps(4, 4), ElementsAre(3, 2, 1, 0));
}

TEST(SamplerSpecTest, TrailingTimestepsMeetTheDefinitionInFloatingPoint) {
  ASSERT_EQ(std::fegetround(), FE_TONEAREST);
  for (const int32_t total : {1, 2, 7, 50, 999, 1000, 4079}) {
    for (int32_t steps = 1; steps <= std::min(total, 300); ++steps) {
      const auto timesteps = TrailingTimesteps(steps, total);
      ASSERT_EQ(timesteps.size(), static_cast<size_t>(steps));
      for (int32_t i = 0; i < steps; ++i) {
        const double exact = total - static_cast<double>(i) * total / steps;
        ASSERT_EQ(timesteps[i], std::nearbyint(exact) - 1) << steps << " of " << total;
        ASSERT_GE(timesteps[i], 0);
        ASSERT_LT(timesteps[i], i == 0 ? total : timesteps[i - 1]);
      }
    }
  }
}

TEST(SamplerSpecTest, StepsAreAcceptedFromOneToTheSchedule) {
  SamplerSpec spec = Ddim25();
  for (const int32_t steps : {1, 1000}) {
    spec.num_steps = steps;
    EXPECT_EQ(ErrorOf(spec), "no error");
  }
  for (const int32_t steps : {-1, 0, 1001}) {
    spec.num_steps = steps;
    EXPECT_THAT(ErrorOf(spec), HasSubstr("stream.sampler.ddim.step_count is"));
    EXPECT_THAT(ErrorOf(spec), HasSubstr("expected [1, 1000]"));
  }
}

TEST(SamplerSpecTest, StepsMustFitTheNoiseCounter) {
  SamplerSpec spec = Ddim25();
  spec.num_steps = kMaxSamplerSteps;
  EXPECT_EQ(ErrorOf(spec, /*num_timesteps=*/5000), "no error");
  spec.num_steps = kMaxSamplerSteps + 1;
  EXPECT_THAT(ErrorOf(spec, /*num_timesteps=*/5000), HasSubstr("expected [1, 4079]"));
}

TEST(SamplerSpecTest, DdpmTakesEveryStepOfASchedule) {
  SamplerSpec spec = {.method = SamplerMethod::kDdpm, .num_steps = 1000, .eta = 1.0};
  EXPECT_EQ(ErrorOf(spec), "no error");
  spec.num_steps = 999;
  EXPECT_THAT(ErrorOf(spec), HasSubstr("stream.sampler.ddpm has 999 steps"));
  spec.num_steps = kMaxSamplerSteps;
  EXPECT_EQ(ErrorOf(spec, kMaxSamplerSteps), "no error");
  spec.num_steps = kMaxSamplerSteps + 1;
  EXPECT_THAT(ErrorOf(spec, kMaxSamplerSteps + 1), HasSubstr("stream.sampler.ddpm"));
}

TEST(SamplerSpecTest, EtaBelongsToTheMethod) {
  SamplerSpec spec = Ddim25();
  for (const double eta : {0.0, 0.5, 1.0}) {
    spec.eta = eta;
    EXPECT_EQ(ErrorOf(spec), "no error");
  }
  for (const double eta : {-0.01, 1.01, kNan, kInfinity}) {
    spec.eta = eta;
    EXPECT_THAT(ErrorOf(spec), HasSubstr("stream.sampler.ddim.eta is"));
  }
  spec = {.method = SamplerMethod::kDpmSolver, .num_steps = 20, .eta = 0.1};
  EXPECT_THAT(ErrorOf(spec), HasSubstr("stream.sampler.dpm_solver.eta is 0.1"));
  spec = {.method = SamplerMethod::kDdpm, .num_steps = 1000, .eta = 0.0};
  EXPECT_THAT(ErrorOf(spec), HasSubstr("stream.sampler.ddpm.eta is 0"));
}

TEST(SamplerSpecTest, GuidanceIsOneWeightOrOnePerClassInRange) {
  SamplerSpec spec = Ddim25();
  spec.guidance_weights = {kMinGuidanceWeight};
  EXPECT_EQ(ErrorOf(spec), "no error");
  spec.guidance_weights.assign(10, kMaxGuidanceWeight);
  EXPECT_EQ(ErrorOf(spec), "no error");
  for (const size_t count : {0, 2, 9, 11}) {
    spec.guidance_weights.assign(count, 0.0);
    EXPECT_THAT(ErrorOf(spec), HasSubstr("guidance_weights has"));
  }
  for (const double weight : {kNan, kInfinity, -kInfinity, -1.001, 32.001}) {
    spec.guidance_weights.assign(10, 0.0);
    spec.guidance_weights[3] = weight;
    EXPECT_THAT(ErrorOf(spec), HasSubstr("stream.sampler.guidance_weights[3] is"));
  }
}

TEST(SamplerSpecTest, GuidanceOfAClassIsItsOwnOrTheCommonOne) {
  SamplerSpec spec = Ddim25();
  EXPECT_EQ(GuidanceWeightOf(spec, 7), -0.3);
  spec.guidance_weights = {0.0, 0.5};
  EXPECT_EQ(GuidanceWeightOf(spec, 1), 0.5);
  EXPECT_TRUE(UsesGuidance(spec));
  spec.guidance_weights = {0.0, -0.0};
  EXPECT_FALSE(UsesGuidance(spec));
}

TEST(SamplerSpecTest, MethodNamesAreReadBack) {
  for (const SamplerMethod method :
       {SamplerMethod::kDdpm, SamplerMethod::kDdim, SamplerMethod::kDpmSolver}) {
    EXPECT_EQ(*SamplerMethodFromName(SamplerMethodName(method)), method);
  }
  EXPECT_EQ(SamplerMethodName(SamplerMethod::kDpmSolver), "dpmpp_2m");
  EXPECT_THAT(std::string(SamplerMethodFromName("euler").status().message()), HasSubstr("'euler'"));
}

}  // namespace
}  // namespace tailcast
