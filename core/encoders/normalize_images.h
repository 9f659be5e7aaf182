#ifndef TAILCAST_CORE_ENCODERS_NORMALIZE_IMAGES_H_
#define TAILCAST_CORE_ENCODERS_NORMALIZE_IMAGES_H_

#include <ATen/core/Tensor.h>

#include <string>

#include "absl/status/status.h"
#include "core/contract/address.h"

namespace tailcast::encoders {

// OK if these are images that an encoder with this input takes: [N, H, W, C] uint8, N >= 1.
// INVALID_ARGUMENT names `what`, the actual and the expected.
absl::Status CheckImages(const at::Tensor& images, const ImageInput& input,
                         const std::string& what);

// (value / 255 - mean) / std per channel, in the channel order of `input` (images are RGB as
// decoded).
//
// images:  [N, H, W, C] uint8
// returns: [N, C, H, W] f32
at::Tensor NormalizeImages(const at::Tensor& images, const ImageInput& input);

}  // namespace tailcast::encoders

#endif  // TAILCAST_CORE_ENCODERS_NORMALIZE_IMAGES_H_
