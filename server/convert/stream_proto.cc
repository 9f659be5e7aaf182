#include "server/convert/stream_proto.h"

#include "server/convert/request_fields.h"

namespace tailcast::convert {

v1::Plan ToProto(const PlanSpec& plan) {
  v1::Plan proto;
  for (const ClassWeight& entry : plan.class_weights) {
    v1::ClassWeight& weight = *proto.add_class_weights();
    weight.set_class_index(entry.class_index);
    weight.set_weight(entry.weight);
    weight.set_first_ordinal(entry.first_ordinal);
  }
  proto.set_order_seed(plan.order_seed);
  proto.set_repeat_period_count(plan.repeat_period_count);
  return proto;
}

v1::SamplerSpec ToProto(const SamplerSpec& sampler) {
  v1::SamplerSpec proto;
  switch (sampler.method) {
    case SamplerMethod::kDdpm:
      proto.mutable_ddpm();
      break;
    case SamplerMethod::kDdim:
      proto.mutable_ddim()->set_step_count(sampler.num_steps);
      proto.mutable_ddim()->set_eta(sampler.eta);
      break;
    case SamplerMethod::kDpmSolver:
      proto.mutable_dpm_solver()->set_step_count(sampler.num_steps);
      break;
  }
  proto.mutable_guidance_weights()->Add(sampler.guidance_weights.begin(),
                                        sampler.guidance_weights.end());
  return proto;
}

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

}  // namespace tailcast::convert
