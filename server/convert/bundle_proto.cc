#include "server/convert/bundle_proto.h"

#include "absl/strings/str_cat.h"
#include "proto/convert/resource_names.h"
#include "proto/describe/bundle_message.h"

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

}  // namespace

v1::Bundle ToProto(const BundleDescription& description, BundleView view) {
  v1::Bundle proto = DescribeVersion(description.version);
  proto.set_state(ToState(description.state));
  for (const std::string& label : description.labels) {
    proto.add_labels(LabelResource(description.version.name, label));
  }
  if (description.manifest != nullptr) {
    DescribeManifest(*description.manifest, proto);
    if (view == BundleView::kFull) DescribeClasses(*description.manifest, proto);
  }
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

}  // namespace tailcast::convert
