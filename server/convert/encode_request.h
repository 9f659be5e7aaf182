#ifndef TAILCAST_SERVER_CONVERT_ENCODE_REQUEST_H_
#define TAILCAST_SERVER_CONVERT_ENCODE_REQUEST_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/digest.h"
#include "core/contract/address.h"
#include "core/contract/bundle_reference.h"
#include "core/contract/wire_type.h"
#include "proto/tailcast/v1/feature_service.pb.h"
#include "server/convert/request_fields.h"

namespace tailcast::convert {

// What a caller of Encode asks, checked as far as that goes without the bundle. The images stay in
// the message.
struct EncodeOptions {
  BundleReference bundle;
  std::optional<Digest> bundle_digest;
  WireType wire_type = WireType::kFloat32;
  // [N, height, width, channels], each >= 1; empty if it was wrong.
  std::vector<int64_t> shape;
};

// Everything wrong is added to `fields`.
EncodeOptions ToEncodeOptions(const v1::EncodeRequest& request, RequestFields& fields);

// Images of another size than the encoder's, or more than the answer can hold, are added to
// `fields`.
void CheckImagesAgainst(const ImageInput& input, int64_t feature_dim, const EncodeOptions& options,
                        RequestFields& fields);

}  // namespace tailcast::convert

#endif  // TAILCAST_SERVER_CONVERT_ENCODE_REQUEST_H_
