#ifndef TAILCAST_CORE_STREAM_RESOLVE_H_
#define TAILCAST_CORE_STREAM_RESOLVE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/digest.h"
#include "core/bundle/manifest.h"
#include "core/contract/plan.h"
#include "core/contract/sampler_spec.h"
#include "core/stream/numerics.h"
#include "core/stream/resolved_stream.h"

namespace tailcast::stream {

// What a caller says of the sampler; what is not set comes from the bundle's manifest.
struct SamplerOverrides {
  std::optional<SamplerMethod> method;
  // Without a value the bundle's, which must then be of the same method.
  std::optional<int32_t> num_steps;
  std::optional<double> eta;
  // Empty: the bundle's.
  std::vector<double> guidance_weights;
};

// What a caller asks, with nothing resolved but the bundle.
struct StreamRequest {
  SamplerOverrides sampler;
  PlanSpec plan;
  int64_t seed = 0;
};

// The sampler with every field set, in canonical form. Errors as ResolveStream().
absl::StatusOr<SamplerSpec> ResolveSampler(const bundle::Manifest& manifest,
                                           const SamplerOverrides& overrides);

// The stream that a request names. INVALID_ARGUMENT with one FieldViolation per wrong field:
// sampler out of range or not served, malformed plan, a class that the bundle does not have, a
// class without training rows (by index and name), a negative seed.
//
// bundle_digest: of the bundle that `manifest` belongs to
// numerics:      proven for that bundle
absl::StatusOr<ResolvedStream> ResolveStream(const bundle::Manifest& manifest,
                                             const Digest& bundle_digest, const Numerics& numerics,
                                             const StreamRequest& request);

}  // namespace tailcast::stream

#endif  // TAILCAST_CORE_STREAM_RESOLVE_H_
