#include "client/library/stream_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/contract/address.h"
#include "proto/convert/contract_proto.h"
#include "tests/client/library/fake_table.h"

namespace tailcast::client {
namespace {

using ::testing::HasSubstr;

// The recipe and address of stream_contract/known_answers.txt: bundle = SHA-256 of "manifest", DDIM
// 25 steps with guidance -0.3, plan A, seed 42, numerics as there.
v1::StreamSpec KnownStream() {
  v1::StreamSpec stream;
  stream.set_bundle_digest(ToBytes(Sha256Of("manifest")));
  *stream.mutable_plan() =
      ToProto(PlanSpec{.class_weights = {{0, 1, 0}, {3, 2, 0}, {8, 5, 100}, {9, 12, 0}},
                       .order_seed = 7,
                       .repeat_period_count = 0});
  *stream.mutable_sampler() = ToProto(SamplerSpec{
      .method = SamplerMethod::kDdim, .num_steps = 25, .eta = 0.0, .guidance_weights = {-0.3}});
  stream.set_seed(42);
  stream.set_numerics_id(ToBytes(NumericsId({{"engine_revision", "1"},
                                             {"device", "cpu"},
                                             {"isa", "avx512_core_amx"},
                                             {"compute_type", "bf16"},
                                             {"torch", "2.11.0"},
                                             {"onednn", "3.7.1"},
                                             {"tiles", "64,256,1024"},
                                             {"mode", "row_invariant"},
                                             {"probe", std::string(64, '0')}})));
  return stream;
}

TEST(StreamSpecTest, RecipeAndAddressAreTheContractsKnownAnswers) {
  const auto recipe = RecipeOf(KnownStream());
  ASSERT_TRUE(recipe.ok()) << recipe.status();
  EXPECT_EQ(ToHex(*recipe), "491aa4367293cdcdc740fafecf7eaefac8e78b02d8038800bb54a713485c190a");
  const auto address = AddressOf(KnownStream());
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(AddressText(*address),
            "tc1-82b4fd278a3992aba79b73c56f07db33df592f8fe62cc4565f5a792491b3d433");
}

TEST(StreamSpecTest, AnUnresolvedStreamHasNoAddressAndTheFieldIsNamed) {
  const auto message = [](auto change) {
    v1::StreamSpec stream = KnownStream();
    change(stream);
    return std::string(AddressOf(stream).status().message());
  };
  EXPECT_THAT(message([](v1::StreamSpec& s) { s.clear_bundle_digest(); }),
              HasSubstr("stream.bundle_digest has 0 bytes; expected 32"));
  EXPECT_THAT(message([](v1::StreamSpec& s) { s.set_numerics_id("short"); }),
              HasSubstr("stream.numerics_id has 5 bytes"));
  EXPECT_THAT(message([](v1::StreamSpec& s) { s.mutable_sampler()->clear_method(); }),
              HasSubstr("stream.sampler.method"));
  EXPECT_THAT(message([](v1::StreamSpec& s) { s.mutable_sampler()->clear_guidance_weights(); }),
              HasSubstr("stream.sampler.guidance_weights"));
  EXPECT_THAT(message([](v1::StreamSpec& s) { s.clear_plan(); }), HasSubstr("stream.plan"));
}

TEST(StreamSpecTest, WhatWasNotChosenOfDdimIsTheBundles) {
  v1::SamplerSpec defaults;
  defaults.mutable_ddim()->set_step_count(16);
  defaults.mutable_ddim()->set_eta(0.25);
  v1::SamplerSpec nothing, steps, eta;
  ChooseDdim(std::nullopt, std::nullopt, defaults, nothing);
  EXPECT_EQ(nothing.method_case(), v1::SamplerSpec::METHOD_NOT_SET);
  ChooseDdim(7, std::nullopt, defaults, steps);
  EXPECT_EQ(steps.ddim().step_count(), 7);
  EXPECT_EQ(steps.ddim().eta(), 0.25);
  ChooseDdim(std::nullopt, 1.0, defaults, eta);
  EXPECT_EQ(eta.ddim().step_count(), 16);
  EXPECT_EQ(eta.ddim().eta(), 1.0);
}

TEST(StreamSpecTest, NamesEachFieldThatDiffersWithBothValues) {
  const v1::StreamSpec expected = FakeTable(1).stream();
  EXPECT_EQ(DescribeDifference(expected, expected), "");
  const auto difference = [&expected](auto change) {
    v1::StreamSpec actual = expected;
    change(actual);
    return DescribeDifference(expected, actual);
  };
  EXPECT_EQ(difference([](v1::StreamSpec& s) { s.set_seed(7); }), "stream.seed is 7, expected 42");
  EXPECT_EQ(difference([](v1::StreamSpec& s) { s.mutable_sampler()->mutable_ddim()->set_eta(1); }),
            "stream.sampler.ddim.eta is 1, expected 0");
  EXPECT_EQ(difference([](v1::StreamSpec& s) { s.mutable_sampler()->add_guidance_weights(2); }),
            "stream.sampler.guidance_weights is [-0.25,2], expected [-0.25]");
  EXPECT_EQ(difference([](v1::StreamSpec& s) {
              s.mutable_plan()->mutable_class_weights(1)->set_weight(12);
            }),
            "stream.plan.class_weights[1].weight is 12, expected 11");
  EXPECT_THAT(difference([](v1::StreamSpec& s) { s.mutable_sampler()->mutable_ddpm(); }),
              HasSubstr("stream.sampler.method is ddpm, expected ddim"));
  EXPECT_THAT(difference([](v1::StreamSpec& s) { s.clear_numerics_id(); }),
              HasSubstr("stream.numerics_id is not set, expected "));
}

}  // namespace
}  // namespace tailcast::client
