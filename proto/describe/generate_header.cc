#include "proto/describe/generate_header.h"

#include "proto/convert/contract_proto.h"

namespace tailcast {

v1::GenerateHeader ToHeader(const stream::ResolvedStream& stream, const HeaderFacts& facts) {
  v1::GenerateHeader header;
  v1::StreamSpec& spec = *header.mutable_stream();
  spec.set_bundle(facts.bundle_resource);
  spec.set_bundle_digest(ToBytes(stream.bundle_digest));
  *spec.mutable_plan() = ToProto(stream.plan.spec());
  *spec.mutable_sampler() = ToProto(stream.sampler);
  spec.set_seed(stream.seed);
  spec.set_numerics_id(ToBytes(stream.numerics.id));
  header.set_address(ToBytes(stream.address()));
  header.set_recipe_digest(ToBytes(stream.recipe()));
  header.set_feature_space_digest(ToBytes(facts.feature_space));
  header.set_feature_dimension(static_cast<int32_t>(facts.feature_dim));
  header.set_data_type(ToProto(facts.wire_type));
  header.set_chunk_row_count(static_cast<int32_t>(facts.chunk_rows));
  return header;
}

}  // namespace tailcast
