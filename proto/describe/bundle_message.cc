#include "proto/describe/bundle_message.h"

#include "absl/time/time.h"
#include "google/protobuf/util/time_util.h"
#include "proto/convert/contract_proto.h"
#include "proto/convert/resource_names.h"

namespace tailcast {
namespace {

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  return google::protobuf::util::TimeUtil::NanosecondsToTimestamp(absl::ToUnixNanos(time));
}

}  // namespace

v1::Bundle DescribeVersion(const bundle::VersionInfo& version) {
  v1::Bundle message;
  message.set_name(VersionResource(version.name, version.version));
  message.set_digest(ToBytes(version.digest));
  *message.mutable_publish_time() = ToTimestamp(version.publish_time);
  return message;
}

void DescribeManifest(const bundle::Manifest& manifest, v1::Bundle& message) {
  message.set_feature_dimension(static_cast<int32_t>(manifest.feature_space.dimension));
  message.set_feature_space_digest(ToBytes(manifest.feature_space.digest()));
  message.set_class_count(static_cast<int32_t>(manifest.num_classes()));
  *message.mutable_default_sampler() = ToProto(manifest.default_sampler);
  if (!manifest.encoder) return;
  const ImageInput& input = manifest.encoder->input;
  v1::ImageFormat& format = *message.mutable_image_format();
  format.set_height(static_cast<int32_t>(input.height));
  format.set_width(static_cast<int32_t>(input.width));
  format.set_channel_count(static_cast<int32_t>(input.channels()));
}

void DescribeClasses(const bundle::Manifest& manifest, v1::Bundle& message) {
  message.mutable_class_names()->Assign(manifest.class_names.begin(), manifest.class_names.end());
  message.mutable_training_image_counts()->Assign(manifest.class_counts.begin(),
                                                  manifest.class_counts.end());
}

v1::Label DescribeLabel(const std::string& bundle_name, const bundle::LabelInfo& label) {
  v1::Label message;
  message.set_name(LabelResource(bundle_name, label.label));
  message.set_bundle(VersionResource(bundle_name, label.version));
  *message.mutable_update_time() = ToTimestamp(label.update_time);
  return message;
}

}  // namespace tailcast
