#include "core/bundle/manifest.h"

#include <functional>
#include <limits>

#include "core/base/json.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/bundle/contents.h"

namespace tailcast::bundle {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// With a classifier and an encoder, so that every member is there.
Manifest FullManifest() {
  Manifest manifest = ImportedManifest();
  const auto encoder = SmallEncoder();
  manifest.encoder = encoder->spec();
  manifest.feature_space.encoder = encoder->fingerprint();
  manifest.feature_space.imported_name = "";
  manifest.has_classifier = true;
  for (const char* name : {kGeneratorFile, kEncoderFile, kClassifierFile}) {
    manifest.files[name] = {.sha256 = Sha256Of(name), .size_bytes = 100};
  }
  return manifest;
}

json FullJson() { return json::parse(SerializeManifest(FullManifest()).value()); }

// The text with its one `from` replaced.
std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t place = text.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  return text.replace(place, from.size(), to);
}

TEST(ManifestTest, WhatIsWrittenIsReadAgain) {
  const Manifest manifest = FullManifest();
  const std::string text = SerializeManifest(manifest).value();
  const Manifest read = ParseManifest(text, "manifest").value();
  EXPECT_EQ(read.feature_space, manifest.feature_space);
  EXPECT_EQ(diffusion::ToJson(read.generator), diffusion::ToJson(manifest.generator));
  EXPECT_EQ(encoders::ToJson(*read.encoder), encoders::ToJson(*manifest.encoder));
  EXPECT_TRUE(read.has_classifier);
  EXPECT_EQ(read.class_names, manifest.class_names);
  EXPECT_EQ(read.class_counts, manifest.class_counts);
  EXPECT_EQ(read.default_sampler, manifest.default_sampler);
  EXPECT_EQ(read.figures, manifest.figures);
  EXPECT_EQ(read.files, manifest.files);
  EXPECT_EQ(SerializeManifest(read).value(), text);
}

// The form is that of stored bundles: a change here makes every published digest unreadable.
TEST(ManifestTest, TheFormIsCanonicalJsonWithKnownMembers) {
  Manifest manifest = ImportedManifest();
  manifest.files[kGeneratorFile] = {.sha256 = Sha256Of("x"), .size_bytes = 1};
  const std::string space = ToHex(ImportedSpace("my features"));
  const std::string generator = diffusion::ToJson(manifest.generator).dump();
  EXPECT_EQ(SerializeManifest(manifest).value(),
            R"({"class_counts":[590,59,0],"class_names":["boot","bag","shirt"],)"
            R"("default_sampler":{"eta":0.0,"guidance_weights":[-0.25],"method":"ddim",)"
            R"("spacing":"trailing","step_count":16},)"
            R"("feature_space":{"dimension":64,"encoder":")" +
                space +
                R"(","imported_name":"my features","non_negative":true},)"
                R"("figures":{"validation_loss":0.125},"files":{"generator.safetensors":)"
                R"({"sha256":"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",)"
                R"("size_bytes":1}},"format":"tailcast.bundle.v1","generator":)" +
                generator + R"(,"has_classifier":false})");
}

TEST(ManifestTest, EqualGuidanceWeightsAndNegativeZeroAreStoredInCanonicalForm) {
  Manifest one = FullManifest(), many = FullManifest();
  one.default_sampler.guidance_weights = {0.0};
  many.default_sampler.guidance_weights = {-0.0, 0.0, 0.0};
  EXPECT_EQ(SerializeManifest(one).value(), SerializeManifest(many).value());
}

TEST(ManifestTest, JsonThatIsNotCanonicalIsRefused) {
  const std::string text = SerializeManifest(FullManifest()).value();
  EXPECT_THAT(std::string(ParseManifest(text + "\n", "m").status().message()),
              HasSubstr("not canonical"));
  EXPECT_FALSE(ParseManifest(FullJson().dump(1), "m").ok());
  for (const auto& [from, to] : {std::pair{"\"boot\"", "\"\\u0062oot\""}, {"[590,", "[590, "}}) {
    EXPECT_THAT(std::string(ParseManifest(Replaced(text, from, to), "m").status().message()),
                HasSubstr("not canonical"));
  }
}

// Bundles must stay readable when the library that writes numbers changes.
TEST(ManifestTest, NumbersMayBeSpelledInAnyWay) {
  const std::string text = SerializeManifest(FullManifest()).value();
  for (const char* spelling : {"1.25e-1", "0.1250", "12500E-5"}) {
    const auto manifest = ParseManifest(Replaced(text, "0.125", spelling), "m");
    ASSERT_TRUE(manifest.ok()) << manifest.status();
    EXPECT_EQ(manifest->figures["validation_loss"], 0.125);
  }
}

TEST(ManifestTest, DigitsInTextAreNoNumbers) {
  Manifest manifest = FullManifest();
  manifest.class_names = {"a \"1\" \\", "-2.5e3", "\\\"7"};
  const std::string text = SerializeManifest(manifest).value();
  EXPECT_EQ(ParseManifest(text, "m")->class_names, manifest.class_names);
}

TEST(ManifestTest, MessagesQuoteLittleOfAFileAndNothingThatATerminalObeys) {
  const std::string evil = "\x1b[31m\n" + std::string(1'000'000, 'x');
  for (const char* place :
       {"/format", "/feature_space/encoder", "/default_sampler/spacing", "/default_sampler/method",
        "/encoder/channel_order", "/generator/prediction"}) {
    json value = FullJson();
    value[json::json_pointer(place)] = evil;
    const auto manifest = ParseManifest(value.dump(), "m");
    ASSERT_FALSE(manifest.ok()) << place;
    EXPECT_LT(manifest.status().message().size(), 400u) << place;
    EXPECT_EQ(manifest.status().message().find('\x1b'), absl::string_view::npos) << place;
  }
  json value = FullJson();
  value["files"][evil] = value["files"]["generator.safetensors"];
  EXPECT_LT(ParseManifest(value.dump(), "m").status().message().size(), 400u);
}

TEST(ManifestTest, EveryTruncationIsRefused) {
  const std::string text = SerializeManifest(FullManifest()).value();
  for (size_t size = 0; size < text.size(); ++size) {
    const auto manifest = ParseManifest(absl::string_view(text).substr(0, size), "m");
    ASSERT_EQ(manifest.status().code(), absl::StatusCode::kInvalidArgument) << size;
  }
}

TEST(ManifestTest, AMissingMemberIsNamed) {
  const json full = FullJson();
  for (const auto& [name, value] : full.items()) {
    json without = full;
    without.erase(name);
    // Without its encoder the manifest is whole; the encoder's file is then one too many.
    const std::string expected = name == "encoder" ? "encoder.safetensors" : name;
    const auto manifest = ParseManifest(without.dump(), "m");
    ASSERT_EQ(manifest.status().code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_THAT(std::string(manifest.status().message()), HasSubstr(expected));
  }
}

struct WrongMember {
  const char* name;
  std::function<void(json&)> change;
  const char* message;
};

class WrongMemberTest : public ::testing::TestWithParam<WrongMember> {};

TEST_P(WrongMemberTest, IsRefusedByName) {
  json value = FullJson();
  GetParam().change(value);
  const auto manifest = ParseManifest(value.dump(), "'/r/n/1/manifest.json'");
  ASSERT_EQ(manifest.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(manifest.status().message()), HasSubstr("/r/n/1/manifest.json"));
  EXPECT_THAT(std::string(manifest.status().message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongMemberTest,
    ::testing::Values(
        WrongMember{"Format", [](json& m) { m["format"] = "tailcast.bundle.v2"; }, "format"},
        WrongMember{"Unknown", [](json& m) { m["colour"] = 1; }, "colour"},
        WrongMember{"UnknownInSampler", [](json& m) { m["default_sampler"]["clip"] = 1; }, "clip"},
        WrongMember{"NoClasses",
                    [](json& m) {
                      m["class_names"] = json::array();
                      m["class_counts"] = json::array();
                    },
                    "0 classes"},
        WrongMember{"CountMissing",
                    [](json& m) {
                      m["class_counts"] = {1, 2};
                    },
                    "class_counts"},
        WrongMember{"CountNegative",
                    [](json& m) {
                      m["class_counts"] = {1, 2, -3};
                    },
                    "class_counts"},
        WrongMember{"NameNotText", [](json& m) { m["class_names"][1] = 5; }, "class_names"},
        WrongMember{"ClassesOfGenerator",
                    [](json& m) { m["generator"]["denoiser"]["num_classes"] = 4; }, "4 classes"},
        WrongMember{"Dimension", [](json& m) { m["feature_space"]["dimension"] = 65; }, "65"},
        WrongMember{"Sign", [](json& m) { m["feature_space"]["non_negative"] = false; },
                    "non_negative"},
        WrongMember{"EncoderDigest", [](json& m) { m["feature_space"]["encoder"] = "12ab"; },
                    "64 lower-case"},
        WrongMember{"EncoderDigestUpperCase",
                    [](json& m) { m["feature_space"]["encoder"] = std::string(64, 'A'); },
                    "64 lower-case"},
        WrongMember{"ImportedWithEncoder",
                    [](json& m) {
                      m["feature_space"]["imported_name"] = "x";
                      m["feature_space"]["encoder"] = ToHex(ImportedSpace("x"));
                    },
                    "imported"},
        WrongMember{"ImportedNameOfAnother",
                    [](json& m) { m["feature_space"]["imported_name"] = "x"; }, "imported_name"},
        WrongMember{"Steps", [](json& m) { m["default_sampler"]["step_count"] = 0; }, "step_count"},
        WrongMember{"StepsOfSchedule", [](json& m) { m["default_sampler"]["step_count"] = 1001; },
                    "step_count"},
        WrongMember{"Spacing", [](json& m) { m["default_sampler"]["spacing"] = "leading"; },
                    "spacing"},
        WrongMember{"Method", [](json& m) { m["default_sampler"]["method"] = "euler"; }, "euler"},
        WrongMember{"Guidance", [](json& m) { m["default_sampler"]["guidance_weights"] = {33.0}; },
                    "guidance_weights"},
        WrongMember{"GuidanceCount",
                    [](json& m) {
                      m["default_sampler"]["guidance_weights"] = {1.0, 2.0};
                    },
                    "guidance_weights"},
        WrongMember{"Figures", [](json& m) { m["figures"] = 3; }, "figures"},
        WrongMember{"FileMissing", [](json& m) { m["files"].erase("classifier.safetensors"); },
                    "classifier.safetensors"},
        WrongMember{"FileTooMany",
                    [](json& m) { m["files"]["../evil"] = m["files"]["generator.safetensors"]; },
                    "../evil"},
        WrongMember{"FileDigest",
                    [](json& m) { m["files"]["generator.safetensors"]["sha256"] = "00"; },
                    "generator.safetensors"},
        WrongMember{"FileEmpty",
                    [](json& m) { m["files"]["generator.safetensors"]["size_bytes"] = 0; },
                    "size_bytes"},
        WrongMember{
            "FileTooLarge",
            [](json& m) { m["files"]["generator.safetensors"]["size_bytes"] = kMaxFileBytes + 1; },
            "size_bytes"}),
    [](const auto& info) { return info.param.name; });

Manifest ManifestOfClasses(int64_t num_classes) {
  Manifest manifest = ImportedManifest();
  manifest.files[kGeneratorFile] = {.sha256 = Sha256Of("x"), .size_bytes = 1};
  manifest.generator.denoiser.num_classes = num_classes;
  manifest.class_names.assign(static_cast<size_t>(num_classes), "c");
  manifest.class_counts.assign(static_cast<size_t>(num_classes), 1);
  return manifest;
}

TEST(ManifestTest, HoldsAtMost65536Classes) {
  EXPECT_TRUE(SerializeManifest(ManifestOfClasses(65536)).ok());
  const auto above = SerializeManifest(ManifestOfClasses(65537));
  EXPECT_EQ(above.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(above.status().message()), HasSubstr("65537"));
}

TEST(ManifestTest, HoldsAtMost2To20Dimensions) {
  Manifest manifest = ManifestOfClasses(1);
  const auto with_dimension = [&](int64_t dimension) {
    manifest.feature_space.dimension = static_cast<uint32_t>(dimension);
    manifest.generator.denoiser.feature_dim = dimension;
    return SerializeManifest(manifest).status();
  };
  EXPECT_EQ(with_dimension(1 << 20), absl::OkStatus());
  EXPECT_EQ(with_dimension((1 << 20) + 1),
            absl::InvalidArgumentError("manifest.feature_space: member 'dimension' is 1048577; "
                                       "expected an integer in [1, 1048576]"));
}

TEST(ManifestTest, HoldsAtMost2To53RowsOfAClass) {
  Manifest manifest = ManifestOfClasses(2);
  const auto with_count = [&](int64_t count) {
    manifest.class_counts = {7, count};
    return SerializeManifest(manifest);
  };
  constexpr int64_t kMost = 9007199254740992;
  const std::string text = with_count(kMost).value();
  EXPECT_EQ(ParseManifest(text, "m")->class_counts[1], kMost);
  EXPECT_EQ(with_count(kMost + 1).status(),
            absl::InvalidArgumentError("manifest: class_counts[1] is 9007199254740993; expected "
                                       "an integer in [0, 9007199254740992]"));
  const auto read = ParseManifest(Replaced(text, "9007199254740992", "9007199254740993"), "m");
  EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(read.status().message()),
              HasSubstr("member 'class_counts' is [7,9007199254740993]; expected a list of "
                        "integers in [0, 9007199254740992]"));
}

TEST(ManifestTest, ATextAboveTheLimitIsRefusedUnread) {
  const std::string text(static_cast<size_t>(kMaxManifestBytes) + 1, ' ');
  EXPECT_THAT(std::string(ParseManifest(text, "m").status().message()), HasSubstr("at most"));
  const absl::string_view at_limit = absl::string_view(text).substr(1);
  EXPECT_THAT(std::string(ParseManifest(at_limit, "m").status().message()), HasSubstr("not JSON"));
}

TEST(ManifestTest, FiguresThatCannotBeWrittenAreRefused) {
  Manifest manifest = ManifestOfClasses(1);
  manifest.figures = {{"loss", std::numeric_limits<double>::infinity()}};
  EXPECT_EQ(SerializeManifest(manifest).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tailcast::bundle
