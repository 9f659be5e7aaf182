#ifndef TAILCAST_CORE_CONTRACT_ADDRESS_H_
#define TAILCAST_CORE_CONTRACT_ADDRESS_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/digest.h"

namespace tailcast {

// Digests of the stream contract, section 6.

enum class ChannelOrder : uint32_t { kRgb = 1, kBgr = 2, kGray = 3 };
absl::string_view ChannelOrderName(ChannelOrder order);
absl::StatusOr<ChannelOrder> ChannelOrderFromName(absl::string_view name);

// What an encoder takes: images of bytes, normalised as (value / 255 - mean) / std.
struct ImageInput {
  uint32_t height = 0, width = 0;
  ChannelOrder order = ChannelOrder::kGray;
  std::vector<double> mean, std;  // one per channel
  uint32_t channels() const { return static_cast<uint32_t>(mean.size()); }
  bool operator==(const ImageInput&) const = default;
};

// `tensors`: name -> SHA-256 of its little-endian bytes.
Digest EncoderFingerprint(absl::string_view architecture, const ImageInput& input,
                          const std::map<std::string, Digest>& tensors);

// Stands in for an encoder fingerprint where features came from elsewhere.
Digest ImportedSpace(absl::string_view name);

// `encoder`: an encoder fingerprint or an imported space.
Digest FeatureSpaceDigest(const Digest& encoder, uint32_t dimension, bool non_negative);

// What was asked; the gate is none (32 zero bytes).
Digest RecipeDigest(const Digest& bundle, const Digest& sampler, const Digest& plan, int64_t seed);

// What decides the last bit, key -> value.
using NumericsFacts = std::map<std::string, std::string>;
Digest NumericsId(const NumericsFacts& facts);

// Which bytes.
Digest AddressDigest(const Digest& recipe, const Digest& numerics);

// `tc1-` and 64 hexadecimal digits.
std::string AddressText(const Digest& address);
absl::StatusOr<Digest> AddressFromText(absl::string_view text);

}  // namespace tailcast

#endif  // TAILCAST_CORE_CONTRACT_ADDRESS_H_
