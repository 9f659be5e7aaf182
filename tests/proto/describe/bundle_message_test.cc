#include "proto/describe/bundle_message.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proto/convert/contract_proto.h"
#include "tests/core/bundle/contents.h"

namespace tailcast {
namespace {

// Half a second behind a whole one.
const absl::Time kTime = absl::FromUnixMillis(1'700'000'000'500);

TEST(BundleMessageTest, AVersionTellsNameDigestAndTime) {
  bundle::VersionInfo version = {.name = "faces", .version = 3, .publish_time = kTime};
  version.digest.fill(7);

  const v1::Bundle message = DescribeVersion(version);

  EXPECT_EQ(message.name(), "bundles/faces/versions/3");
  EXPECT_EQ(message.digest(), std::string(32, '\7'));
  EXPECT_EQ(message.publish_time().seconds(), 1'700'000'000);
  EXPECT_EQ(message.publish_time().nanos(), 500'000'000);
}

TEST(BundleMessageTest, AManifestTellsFeaturesAndSampler) {
  const bundle::Manifest manifest = bundle::ImportedManifest();
  v1::Bundle message;

  DescribeManifest(manifest, message);

  EXPECT_EQ(message.feature_dimension(), 64);
  EXPECT_EQ(message.feature_space_digest(), ToBytes(manifest.feature_space.digest()));
  EXPECT_EQ(message.class_count(), 3);
  EXPECT_EQ(message.default_sampler().ddim().step_count(), 16);
  EXPECT_EQ(message.class_names_size(), 0);
  EXPECT_EQ(message.training_image_counts_size(), 0);
  EXPECT_FALSE(message.has_image_format());
}

TEST(BundleMessageTest, AnEncoderTellsItsImages) {
  bundle::Manifest manifest = bundle::ImportedManifest();
  manifest.encoder.emplace().input = {
      .height = 16, .width = 12, .order = ChannelOrder::kGray, .mean = {0.5}, .std = {0.25}};
  v1::Bundle message;

  DescribeManifest(manifest, message);

  EXPECT_EQ(message.image_format().height(), 16);
  EXPECT_EQ(message.image_format().width(), 12);
  EXPECT_EQ(message.image_format().channel_count(), 1);
}

TEST(BundleMessageTest, ClassesReplaceThoseThatStoodThere) {
  v1::Bundle message;
  message.add_class_names("old");
  message.add_training_image_counts(1);

  DescribeClasses(bundle::ImportedManifest(), message);

  EXPECT_EQ(std::vector<std::string>(message.class_names().begin(), message.class_names().end()),
            std::vector<std::string>({"boot", "bag", "shirt"}));
  EXPECT_EQ(std::vector<int64_t>(message.training_image_counts().begin(),
                                 message.training_image_counts().end()),
            std::vector<int64_t>({590, 59, 0}));
}

TEST(BundleMessageTest, ALabelNamesItsVersion) {
  const v1::Label message =
      DescribeLabel("faces", {.label = "stable", .version = 2, .update_time = kTime});
  EXPECT_EQ(message.name(), "bundles/faces/labels/stable");
  EXPECT_EQ(message.bundle(), "bundles/faces/versions/2");
  EXPECT_EQ(message.update_time().nanos(), 500'000'000);
}

}  // namespace
}  // namespace tailcast
