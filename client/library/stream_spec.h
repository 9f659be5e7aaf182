#ifndef TAILCAST_CLIENT_LIBRARY_STREAM_SPEC_H_
#define TAILCAST_CLIENT_LIBRARY_STREAM_SPEC_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "core/base/digest.h"
#include "proto/tailcast/v1/stream.pb.h"

namespace tailcast::client {

// Sets what was chosen of DDIM. A message holds either no method or all its fields, so the others
// are those of `defaults`, the bundle's own sampler; nothing chosen leaves the method out.
void ChooseDdim(std::optional<int32_t> step_count, std::optional<double> eta,
                const v1::SamplerSpec& defaults, v1::SamplerSpec& sampler);

// The digest that a header must carry for its stream. INVALID_ARGUMENT names the field of a stream
// that is not resolved.
absl::StatusOr<Digest> RecipeOf(const v1::StreamSpec& resolved);
absl::StatusOr<Digest> AddressOf(const v1::StreamSpec& resolved);

// Which fields differ, with both values: "stream.seed is 1, expected 0; ...". Empty: none.
std::string DescribeDifference(const v1::StreamSpec& expected, const v1::StreamSpec& actual);

}  // namespace tailcast::client

#endif  // TAILCAST_CLIENT_LIBRARY_STREAM_SPEC_H_
