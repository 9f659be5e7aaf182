#include "core/stream/resolve.h"

#include <limits>
#include <string>

#include "core/contract/address.h"
#include "core/contract/field_violation.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tailcast::stream {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Three classes, the last without training rows.
bundle::Manifest MakeManifest() {
  bundle::Manifest manifest;
  manifest.generator.denoiser.num_classes = 3;
  manifest.class_names = {"boot", "bag", "shirt"};
  manifest.class_counts = {590, 59, 0};
  manifest.default_sampler = {.num_steps = 20, .eta = 0.25, .guidance_weights = {0.5, 0.0, -0.5}};
  return manifest;
}

PlanSpec SoundPlan() {
  return {.class_weights = {{.class_index = 0, .weight = 2}, {.class_index = 1, .weight = 3}}};
}

absl::StatusOr<ResolvedStream> Resolve(const StreamRequest& request) {
  Numerics numerics;
  numerics.id = Sha256Of("numerics");
  return ResolveStream(MakeManifest(), Sha256Of("bundle"), numerics, request);
}

// Fields that are wrong, in order.
std::vector<std::string> WrongFields(const StreamRequest& request) {
  const auto stream = Resolve(request);
  if (stream.ok()) return {};
  EXPECT_EQ(stream.status().code(), absl::StatusCode::kInvalidArgument);
  std::vector<std::string> fields;
  for (const FieldViolation& violation : FieldViolationsOf(stream.status())) {
    fields.push_back(violation.field);
  }
  return fields;
}

std::vector<std::string> WrongSamplerFields(const SamplerOverrides& sampler) {
  return WrongFields({.sampler = sampler, .plan = SoundPlan()});
}

TEST(ResolveTest, WhatIsNotSetComesFromTheManifest) {
  const ResolvedStream stream = Resolve({.sampler = {}, .plan = SoundPlan()}).value();
  EXPECT_EQ(stream.sampler, MakeManifest().default_sampler);
  EXPECT_EQ(stream.seed, 0);
  EXPECT_EQ(stream.plan.spec(), SoundPlan());
  EXPECT_EQ(stream.bundle_digest, Sha256Of("bundle"));
}

TEST(ResolveTest, EachSettingReplacesItsOwnField) {
  const auto resolve = [](const SamplerOverrides& overrides) {
    return ResolveSampler(MakeManifest(), overrides).value();
  };
  SamplerSpec expected = MakeManifest().default_sampler;
  expected.num_steps = 7;
  EXPECT_EQ(resolve({.method = {}, .num_steps = 7, .eta = {}, .guidance_weights = {}}), expected);
  expected = MakeManifest().default_sampler;
  expected.eta = 1.0;
  EXPECT_EQ(resolve({.method = {}, .num_steps = {}, .eta = 1.0, .guidance_weights = {}}), expected);
  expected = MakeManifest().default_sampler;
  expected.guidance_weights = {2.0};
  EXPECT_EQ(resolve({.method = {}, .num_steps = {}, .eta = {}, .guidance_weights = {2, 2, 2}}),
            expected);
}

TEST(ResolveTest, RecipeAndAddressAreThoseOfTheContract) {
  const ResolvedStream stream = Resolve({.sampler = {}, .plan = SoundPlan(), .seed = 7}).value();
  const Digest recipe =
      RecipeDigest(Sha256Of("bundle"), SamplerDigest(stream.sampler), stream.plan.digest(), 7);
  EXPECT_EQ(stream.recipe(), recipe);
  EXPECT_EQ(stream.address(), AddressDigest(recipe, Sha256Of("numerics")));
}

TEST(ResolveTest, NumbersAtTheirLimitsAreServedAndBeyondAreNamed) {
  const auto steps = [](int32_t value) {
    return WrongSamplerFields(
        {.method = {}, .num_steps = value, .eta = {}, .guidance_weights = {}});
  };
  EXPECT_THAT(steps(1), IsEmpty());
  EXPECT_THAT(steps(1000), IsEmpty());
  EXPECT_THAT(steps(0), ElementsAre("stream.sampler.ddim.step_count"));
  EXPECT_THAT(steps(1001), ElementsAre("stream.sampler.ddim.step_count"));
  const auto eta = [](double value) {
    return WrongSamplerFields(
        {.method = {}, .num_steps = {}, .eta = value, .guidance_weights = {}});
  };
  EXPECT_THAT(eta(0.0), IsEmpty());
  EXPECT_THAT(eta(1.0), IsEmpty());
  EXPECT_THAT(eta(1.001), ElementsAre("stream.sampler.ddim.eta"));
  EXPECT_THAT(eta(std::numeric_limits<double>::quiet_NaN()),
              ElementsAre("stream.sampler.ddim.eta"));
  const auto guidance = [](std::vector<double> weights) {
    return WrongSamplerFields(
        {.method = {}, .num_steps = {}, .eta = {}, .guidance_weights = std::move(weights)});
  };
  EXPECT_THAT(guidance({-1.0}), IsEmpty());
  EXPECT_THAT(guidance({32.0, 0.0, 1.0}), IsEmpty());
  EXPECT_THAT(guidance({33.0}), ElementsAre("stream.sampler.guidance_weights[0]"));
  EXPECT_THAT(guidance({0.0, 1.0, std::numeric_limits<double>::infinity()}),
              ElementsAre("stream.sampler.guidance_weights[2]"));
  EXPECT_THAT(guidance({0.0, 1.0}), ElementsAre("stream.sampler.guidance_weights"));
}

TEST(ResolveTest, AMethodThatIsNotServedIsNamed) {
  for (const SamplerMethod method : {SamplerMethod::kDdpm, SamplerMethod::kDpmSolver}) {
    EXPECT_THAT(
        WrongSamplerFields({.method = method, .num_steps = {}, .eta = {}, .guidance_weights = {}}),
        ElementsAre("stream.sampler.method"));
  }
}

TEST(ResolveTest, StepsMustBeGivenWhereTheBundlesAreForAnotherMethod) {
  bundle::Manifest manifest = MakeManifest();
  manifest.default_sampler = {.method = SamplerMethod::kDpmSolver, .num_steps = 15};
  SamplerOverrides ddim;
  ddim.method = SamplerMethod::kDdim;
  const auto without = ResolveSampler(manifest, ddim);
  ASSERT_EQ(without.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(without.status().message()), HasSubstr("step_count is not set"));
  ddim.num_steps = 9;
  EXPECT_EQ(ResolveSampler(manifest, ddim)->num_steps, 9);
  EXPECT_EQ(ResolveSampler(manifest, ddim)->eta, 0.0);
}

TEST(ResolveTest, AClassThatTheBundleDoesNotHaveIsNamedWithTheNumberOfClasses) {
  PlanSpec plan = SoundPlan();
  plan.class_weights.push_back({.class_index = 3, .weight = 1});
  EXPECT_THAT(WrongFields({.sampler = {}, .plan = plan}),
              ElementsAre("stream.plan.class_weights[2].class_index"));
  EXPECT_THAT(std::string(Resolve({.sampler = {}, .plan = plan}).status().message()),
              HasSubstr("is 3; expected [0, 3)"));
}

TEST(ResolveTest, AClassWithoutTrainingRowsIsRefusedByIndexAndName) {
  PlanSpec plan = SoundPlan();
  plan.class_weights.push_back({.class_index = 2, .weight = 1});
  EXPECT_THAT(WrongFields({.sampler = {}, .plan = plan}),
              ElementsAre("stream.plan.class_weights[2].class_index"));
  const auto status = Resolve({.sampler = {}, .plan = plan}).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("is 2 ('shirt')"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("without training rows"));
}

TEST(ResolveTest, EveryWrongFieldIsNamedOnce) {
  StreamRequest request;
  request.sampler.num_steps = 0;
  request.sampler.eta = -1;
  request.sampler.guidance_weights = {99};
  request.plan.class_weights = {{.class_index = -1, .weight = 1},
                                {.class_index = 2, .weight = 1},
                                {.class_index = 3, .weight = 1}};
  request.seed = -5;
  EXPECT_THAT(
      WrongFields(request),
      ElementsAre("stream.sampler.ddim.step_count", "stream.sampler.ddim.eta",
                  "stream.sampler.guidance_weights[0]", "stream.plan.class_weights[0].class_index",
                  "stream.plan.class_weights[1].class_index",
                  "stream.plan.class_weights[2].class_index", "stream.seed"));
}

TEST(ResolveTest, AnEmptyPlanIsRefused) {
  EXPECT_THAT(WrongFields({.sampler = {}, .plan = {}}), ElementsAre("stream.plan.class_weights"));
}

TEST(ResolveTest, ALongListOfWrongFieldsIsCutOff) {
  PlanSpec plan;
  for (int32_t i = 0; i < 1000; ++i) {
    plan.class_weights.push_back({.class_index = 3 + i, .weight = 1});
  }
  EXPECT_EQ(WrongFields({.sampler = {}, .plan = plan}).size(), 20);
}

}  // namespace
}  // namespace tailcast::stream
