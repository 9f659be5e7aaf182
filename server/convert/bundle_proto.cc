#include "server/convert/bundle_proto.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/protobuf/util/time_util.h"
#include "proto/convert/contract_proto.h"
#include "server/convert/resource_names.h"

namespace tailcast::convert {
namespace {

v1::Bundle::State ToState(BundleState state) {
  switch (state) {
    case BundleState::kAvailable:
      return v1::Bundle::STATE_AVAILABLE;
    case BundleState::kLoading:
      return v1::Bundle::STATE_LOADING;
    case BundleState::kActive:
      return v1::Bundle::STATE_ACTIVE;
    case BundleState::kFailed:
      return v1::Bundle::STATE_FAILED;
  }
  return v1::Bundle::STATE_UNSPECIFIED;
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  return google::protobuf::util::TimeUtil::NanosecondsToTimestamp(absl::ToUnixNanos(time));
}

void AddManifest(const bundle::Manifest& manifest, BundleView view, v1::Bundle& proto) {
  proto.set_feature_dimension(static_cast<int32_t>(manifest.feature_space.dimension));
  proto.set_feature_space_digest(ToBytes(manifest.feature_space.digest()));
  proto.set_class_count(static_cast<int32_t>(manifest.class_counts.size()));
  *proto.mutable_default_sampler() = ToProto(manifest.default_sampler);
  if (manifest.encoder.has_value()) {
    const ImageInput& input = manifest.encoder->input;
    v1::ImageFormat& format = *proto.mutable_image_format();
    format.set_height(static_cast<int32_t>(input.height));
    format.set_width(static_cast<int32_t>(input.width));
    format.set_channel_count(static_cast<int32_t>(input.channels()));
  }
  if (view == BundleView::kBasic) return;
  proto.mutable_training_image_counts()->Add(manifest.class_counts.begin(),
                                             manifest.class_counts.end());
  proto.mutable_class_names()->Add(manifest.class_names.begin(), manifest.class_names.end());
}

}  // namespace

v1::Bundle ToProto(const BundleDescription& description, BundleView view) {
  const bundle::VersionInfo& version = description.version;
  v1::Bundle proto;
  proto.set_name(VersionResource(version.name, version.version));
  proto.set_digest(ToBytes(version.digest));
  proto.set_state(ToState(description.state));
  *proto.mutable_publish_time() = ToTimestamp(version.publish_time);
  for (const std::string& label : description.labels) {
    proto.add_labels(LabelResource(version.name, label));
  }
  if (description.manifest != nullptr) AddManifest(*description.manifest, view, proto);
  for (const stream::Numerics& numerics : description.numerics) {
    *proto.add_numerics() = ToProto(numerics);
  }
  return proto;
}

v1::Numerics ToProto(const stream::Numerics& numerics) {
  v1::Numerics proto;
  proto.set_numerics_id(ToBytes(numerics.id));
  for (const auto& [key, value] : numerics.facts) proto.add_facts(absl::StrCat(key, "=", value));
  proto.set_invariance(numerics.invariance == stream::Invariance::kRow
                           ? v1::Numerics::INVARIANCE_ROW
                           : v1::Numerics::INVARIANCE_ALIGNED_TILE);
  proto.mutable_tile_row_counts()->Add(numerics.tile_rows.begin(), numerics.tile_rows.end());
  return proto;
}

v1::Label ToProto(const std::string& bundle_name, const bundle::LabelInfo& label) {
  v1::Label proto;
  proto.set_name(LabelResource(bundle_name, label.label));
  proto.set_bundle(VersionResource(bundle_name, label.version));
  *proto.mutable_update_time() = ToTimestamp(label.update_time);
  return proto;
}

}  // namespace tailcast::convert
