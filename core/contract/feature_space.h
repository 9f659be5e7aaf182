#ifndef TAILCAST_CORE_CONTRACT_FEATURE_SPACE_H_
#define TAILCAST_CORE_CONTRACT_FEATURE_SPACE_H_

#include <cstdint>
#include <string>

#include "core/base/digest.h"
#include "core/contract/address.h"

namespace tailcast {

// Where features come from: our encoder, or a name that their owner gave. Its digest ties features,
// generator and classifier together.
struct FeatureSpace {
  // Fingerprint of the encoder, or the imported space of `imported_name`.
  Digest encoder{};
  // Empty unless imported (`--feature-space NAME`).
  std::string imported_name = "";
  uint32_t dimension = 0;
  bool non_negative = false;

  // `feature_space.v1`.
  Digest digest() const { return FeatureSpaceDigest(encoder, dimension, non_negative); }
  bool operator==(const FeatureSpace&) const = default;
};

}  // namespace tailcast

#endif  // TAILCAST_CORE_CONTRACT_FEATURE_SPACE_H_
