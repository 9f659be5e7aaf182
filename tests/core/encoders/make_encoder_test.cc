#include "core/encoders/make_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/core/encoders/encoder_samples.h"

namespace tailcast::encoders {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(const EncoderSpec& spec) {
  const auto encoder = MakeEncoder(spec);
  if (encoder.ok()) return "no error";
  EXPECT_EQ(encoder.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(encoder.status().message());
}

TEST(MakeEncoderTest, MakesTheDefaultForGrayAndColour) {
  EXPECT_EQ(ErrorOf(GraySpec()), "no error");
  EXPECT_EQ(ErrorOf(ColourSpec()), "no error");
  EXPECT_EQ(MakeEncoder(GraySpec()).value()->feature_dim(), 64);
}

TEST(MakeEncoderTest, AnUnknownArchitectureIsNamedWithTheKnownOnes) {
  EncoderSpec spec = GraySpec();
  spec.architecture = "vit";
  EXPECT_THAT(ErrorOf(spec), HasSubstr("'vit'; expected one of: small_resnet"));
}

TEST(MakeEncoderTest, SidesAreTakenFromSixteenTo4096) {
  for (const uint32_t side : {16u, 4096u}) EXPECT_EQ(ErrorOf(GraySpec(side)), "no error");
  EncoderSpec low = GraySpec();
  low.input.height = 15;
  EXPECT_THAT(ErrorOf(low), HasSubstr("encoder.height is 15; expected 16 to 4096"));
  EncoderSpec wide = GraySpec();
  wide.input.width = 4097;
  EXPECT_THAT(ErrorOf(wide), HasSubstr("encoder.width is 4097"));
}

TEST(MakeEncoderTest, NormalisationFitsTheChannels) {
  EncoderSpec spec = ColourSpec();
  spec.input.mean.pop_back();
  EXPECT_THAT(ErrorOf(spec), HasSubstr("encoder.mean is a list of 2; expected 3"));
  spec = GraySpec();
  spec.input.std.push_back(1);
  EXPECT_THAT(ErrorOf(spec), HasSubstr("encoder.std is a list of 2; expected 1"));
  spec = GraySpec();
  spec.input.mean[0] = std::nan("");
  EXPECT_THAT(ErrorOf(spec), HasSubstr("finite"));
  spec = GraySpec();
  spec.input.std[0] = 0;
  EXPECT_THAT(ErrorOf(spec), HasSubstr("encoder.std is 0; expected numbers above 0"));
  spec.input.std[0] = 1e-60;
  EXPECT_THAT(ErrorOf(spec), HasSubstr("encoder.std is 1e-60; expected numbers above 0"));
  spec.input.std[0] = 1e60;
  EXPECT_THAT(ErrorOf(spec), HasSubstr("encoder.std is 1e+60; expected finite numbers"));
  spec.input.std[0] = std::numeric_limits<float>::min();
  EXPECT_EQ(ErrorOf(spec), "no error");
}

TEST(EncoderSpecTest, JsonBringsItBack) {
  for (const EncoderSpec& spec : {GraySpec(), ColourSpec(ChannelOrder::kBgr)}) {
    const auto read = EncoderSpecFromJson(ToJson(spec), "manifest.encoder");
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->architecture, spec.architecture);
    EXPECT_EQ(read->input, spec.input);
  }
}

TEST(EncoderSpecTest, EveryMemberIsNeededAndNoOther) {
  const nlohmann::json json = ToJson(GraySpec());
  for (const auto& [member, value] : json.items()) {
    nlohmann::json without = json;
    without.erase(member);
    EXPECT_THAT(std::string(EncoderSpecFromJson(without, "m").status().message()),
                HasSubstr(member));
  }
  nlohmann::json more = json;
  more["surplus"] = 1;
  EXPECT_THAT(std::string(EncoderSpecFromJson(more, "m").status().message()), HasSubstr("surplus"));
  nlohmann::json wrong = json;
  wrong["channel_order"] = "cmyk";
  EXPECT_THAT(std::string(EncoderSpecFromJson(wrong, "m").status().message()),
              HasSubstr("'cmyk'; expected rgb, bgr or gray"));
}

}  // namespace
}  // namespace tailcast::encoders
