#include "core/stream/resolved_stream.h"

#include "core/contract/address.h"

namespace tailcast::stream {

Digest ResolvedStream::recipe() const {
  return RecipeDigest(bundle_digest, SamplerDigest(sampler), plan.digest(), seed);
}

Digest ResolvedStream::address() const { return AddressDigest(recipe(), numerics.id); }

}  // namespace tailcast::stream
