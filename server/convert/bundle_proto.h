#ifndef TAILCAST_SERVER_CONVERT_BUNDLE_PROTO_H_
#define TAILCAST_SERVER_CONVERT_BUNDLE_PROTO_H_

#include "core/stream/numerics.h"
#include "proto/tailcast/v1/bundle_service.pb.h"
#include "server/convert/bundle_description.h"

namespace tailcast::convert {

// kBasic, as lists show it, leaves out class names and counts.
enum class BundleView { kBasic, kFull };

v1::Bundle ToProto(const BundleDescription& description, BundleView view);
v1::Numerics ToProto(const stream::Numerics& numerics);

}  // namespace tailcast::convert

#endif  // TAILCAST_SERVER_CONVERT_BUNDLE_PROTO_H_
