#include "core/contract/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "core/contract/feature_space.h"
#include "core/contract/plan.h"
#include "core/contract/sampler_spec.h"

namespace tailcast {
namespace {

using ::testing::HasSubstr;

std::string FloatBytes(std::initializer_list<float> values) {
  std::string bytes;
  for (const float value : values) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  return bytes;
}

// Values of the stream contract's known_answers.txt.
const NumericsFacts& Facts() {
  static const auto& facts = *new NumericsFacts{
      {"engine_revision", "1"}, {"device", "cpu"},         {"isa", "avx512_core_amx"},
      {"compute_type", "bf16"}, {"torch", "2.11.0"},       {"onednn", "3.7.1"},
      {"tiles", "64,256,1024"}, {"mode", "row_invariant"}, {"probe", std::string(64, '0')}};
  return facts;
}

Digest Recipe() {
  const auto plan =
      Plan::Create({{{0, 1, 0}, {3, 2, 0}, {8, 5, 100}, {9, 12, 0}}, /*order_seed=*/7, 0});
  const SamplerSpec sampler = {
      .method = SamplerMethod::kDdim, .num_steps = 25, .eta = 0.0, .guidance_weights = {-0.3}};
  return RecipeDigest(Sha256Of("manifest"), SamplerDigest(sampler), plan->digest(), /*seed=*/42);
}

TEST(AddressTest, BundleDigestIsThatOfTheContract) {
  EXPECT_EQ(ToHex(Sha256Of("manifest")),
            "05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f");
}

TEST(AddressTest, RecipeNumericsAndAddressAreThoseOfTheContract) {
  EXPECT_EQ(ToHex(Recipe()), "491aa4367293cdcdc740fafecf7eaefac8e78b02d8038800bb54a713485c190a");
  EXPECT_EQ(ToHex(NumericsId(Facts())),
            "ab1127110009019b3e215516cd8b7a33b585fbc401d8b2dcf3f6d06de7165519");
  EXPECT_EQ(AddressText(AddressDigest(Recipe(), NumericsId(Facts()))),
            "tc1-82b4fd278a3992aba79b73c56f07db33df592f8fe62cc4565f5a792491b3d433");
}

TEST(AddressTest, EncoderFingerprintAndSpacesAreThoseOfTheContract) {
  const ImageInput input = {.height = 32,
                            .width = 32,
                            .order = ChannelOrder::kBgr,
                            .mean = {0.5, 0.25, 0.125},
                            .std = {0.25, 0.5, 1.0}};
  const Digest encoder = EncoderFingerprint("resnet32", input,
                                            {{"fc.bias", Sha256Of(FloatBytes({1.0f, -1.0f}))},
                                             {"conv1.weight", Sha256Of(FloatBytes({0.5f}))}});
  EXPECT_EQ(ToHex(encoder), "444bc454e714919d2a8303aef64db462824e3ed6882baf2b6eba87ad6cc3d55c");
  EXPECT_EQ(ToHex(ImportedSpace("my features")),
            "5a7a45dd439963989bc12b0437b0a6008fa5008be3aead4b6dcb8c5e60be7aa7");
  const std::string space = "0262281ea07c51d8fd9f33da32971be326497483b37adcd96cc20bd3044eb134";
  EXPECT_EQ(ToHex(FeatureSpaceDigest(encoder, 64, /*non_negative=*/true)), space);
  EXPECT_EQ(ToHex(FeatureSpace{.encoder = encoder, .dimension = 64, .non_negative = true}.digest()),
            space);
}

TEST(AddressTest, EveryPartOfARecipeChangesIt) {
  const Digest a = Sha256Of("a"), b = Sha256Of("b"), c = Sha256Of("c");
  const Digest recipe = RecipeDigest(a, b, c, 0);
  EXPECT_NE(RecipeDigest(b, b, c, 0), recipe);
  EXPECT_NE(RecipeDigest(a, a, c, 0), recipe);
  EXPECT_NE(RecipeDigest(a, b, b, 0), recipe);
  EXPECT_NE(RecipeDigest(a, b, c, 1), recipe);
  EXPECT_NE(RecipeDigest(b, a, c, 0), recipe);
}

TEST(AddressTest, FactsCannotBeShiftedBetweenKeyAndValue) {
  EXPECT_NE(NumericsId({{"ab", "c"}}), NumericsId({{"a", "bc"}}));
}

TEST(AddressTest, TextFormIsReadBack) {
  const Digest address = Sha256Of("x");
  EXPECT_EQ(*AddressFromText(AddressText(address)), address);
}

TEST(AddressTest, MalformedTextIsRefusedWithTheExpectedForm) {
  const std::string good = AddressText(Sha256Of("x"));
  std::string wrong_digit = good;
  wrong_digit.back() = 'g';
  for (const std::string& text : {std::string(), good.substr(4), good.substr(0, 67), good + "0",
                                  "tc2-" + good.substr(4), " " + good, wrong_digit}) {
    const auto address = AddressFromText(text);
    EXPECT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(address.status().message()),
                HasSubstr("expected tc1- and 64 hexadecimal digits"));
  }
}

TEST(AddressTest, ChannelOrderNamesAreReadBack) {
  for (const ChannelOrder order : {ChannelOrder::kRgb, ChannelOrder::kBgr, ChannelOrder::kGray}) {
    EXPECT_EQ(*ChannelOrderFromName(ChannelOrderName(order)), order);
  }
  EXPECT_THAT(std::string(ChannelOrderFromName("cmyk").status().message()),
              HasSubstr("'cmyk' is unknown; expected rgb, bgr or gray"));
}

}  // namespace
}  // namespace tailcast
