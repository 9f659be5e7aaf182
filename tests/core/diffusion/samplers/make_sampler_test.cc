#include "core/diffusion/samplers/make_sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/diffusion/samplers/ddim_sampler.h"
#include "tests/fakes/fake_evaluators.h"
#include "tests/fakes/scripted_noise.h"

namespace tailcast::diffusion {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kNeverCancelled = [] { return false; };

TEST(MakeSamplerTest, DdimTakesTrailingTimestepsEtaAndPrediction) {
  const auto schedule = NoiseSchedule::Cosine({});
  const auto initial = at::tensor({0.5, -1.0}, at::kDouble).view({1, 2});
  const auto sampler = MakeSampler({.method = SamplerMethod::kDdim, .num_steps = 4, .eta = 0.7},
                                   schedule, PredictionType::kClean);
  ASSERT_TRUE(sampler.ok()) << sampler.status();
  FunctionEvaluator evaluator(ShrinkingModel), twin(ShrinkingModel);
  ScriptedNoise noise({initial}), same_noise({initial});

  const auto features = (*sampler)->Sample(evaluator, noise, kNeverCancelled);

  const DdimOptions options = {
      .timesteps = {999, 749, 499, 249}, .prediction = PredictionType::kClean, .eta = 0.7};
  EXPECT_THAT(evaluator.timesteps, ElementsAre(999, 749, 499, 249));
  EXPECT_TRUE(at::equal(*features,
                        *DdimSampler(schedule, options).Sample(twin, same_noise, kNeverCancelled)));
}

TEST(MakeSamplerTest, RefusesTheMethodsThatAreNotServed) {
  for (const SamplerMethod method : {SamplerMethod::kDdpm, SamplerMethod::kDpmSolver}) {
    const auto sampler = MakeSampler({.method = method, .num_steps = 10}, NoiseSchedule::Cosine({}),
                                     PredictionType::kVelocity);

    EXPECT_EQ(sampler.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(sampler.status().message(), HasSubstr("stream.sampler.method"));
    EXPECT_THAT(sampler.status().message(), HasSubstr("expected ddim"));
  }
}

}  // namespace
}  // namespace tailcast::diffusion
