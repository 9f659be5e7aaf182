#ifndef TAILCAST_CORE_STREAM_RESOLVED_STREAM_H_
#define TAILCAST_CORE_STREAM_RESOLVED_STREAM_H_

#include <cstdint>

#include "core/base/digest.h"
#include "core/contract/plan.h"
#include "core/contract/sampler_spec.h"
#include "core/stream/numerics.h"

namespace tailcast::stream {

// A stream with nothing left to default: names its bytes.
struct ResolvedStream {
  Digest bundle_digest;
  SamplerSpec sampler;
  Plan plan;
  int64_t seed = 0;
  Numerics numerics;

  Digest recipe() const;
  Digest address() const;
};

}  // namespace tailcast::stream

#endif  // TAILCAST_CORE_STREAM_RESOLVED_STREAM_H_
