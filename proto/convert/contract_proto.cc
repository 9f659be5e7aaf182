#include "proto/convert/contract_proto.h"

#include "absl/strings/str_cat.h"

namespace tailcast {

v1::Plan ToProto(const PlanSpec& plan) {
  v1::Plan message;
  for (const ClassWeight& entry : plan.class_weights) {
    v1::ClassWeight& added = *message.add_class_weights();
    added.set_class_index(entry.class_index);
    added.set_weight(entry.weight);
    added.set_first_ordinal(entry.first_ordinal);
  }
  message.set_order_seed(plan.order_seed);
  message.set_repeat_period_count(plan.repeat_period_count);
  return message;
}

PlanSpec FromProto(const v1::Plan& plan) {
  PlanSpec spec;
  spec.class_weights.reserve(plan.class_weights_size());
  for (const v1::ClassWeight& entry : plan.class_weights()) {
    spec.class_weights.push_back({.class_index = entry.class_index(),
                                  .weight = entry.weight(),
                                  .first_ordinal = entry.first_ordinal()});
  }
  spec.order_seed = plan.order_seed();
  spec.repeat_period_count = plan.repeat_period_count();
  return spec;
}

v1::SamplerSpec ToProto(const SamplerSpec& sampler) {
  v1::SamplerSpec message;
  switch (sampler.method) {
    case SamplerMethod::kDdpm:
      message.mutable_ddpm();
      break;
    case SamplerMethod::kDdim:
      message.mutable_ddim()->set_step_count(sampler.num_steps);
      message.mutable_ddim()->set_eta(sampler.eta);
      break;
    case SamplerMethod::kDpmSolver:
      message.mutable_dpm_solver()->set_step_count(sampler.num_steps);
      break;
  }
  for (const double weight : sampler.guidance_weights) message.add_guidance_weights(weight);
  return message;
}

v1::DataType ToProto(WireType type) {
  switch (type) {
    case WireType::kFloat32:
      return v1::DATA_TYPE_FLOAT32;
    case WireType::kFloat16:
      return v1::DATA_TYPE_FLOAT16;
    case WireType::kBfloat16:
      return v1::DATA_TYPE_BFLOAT16;
  }
  return v1::DATA_TYPE_UNSPECIFIED;
}

absl::StatusOr<WireType> FromProto(v1::DataType type) {
  for (const WireType wire : {WireType::kFloat32, WireType::kFloat16, WireType::kBfloat16}) {
    if (ToProto(wire) == type) return wire;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "is ", static_cast<int>(type), "; expected FLOAT32 (1), FLOAT16 (2) or BFLOAT16 (3)"));
}

Shard ShardOf(const v1::RowRange& rows) {
  if (!rows.has_shard()) return {};
  Shard shard;
  shard.index = rows.shard().shard_index();
  shard.count = rows.shard().shard_count();
  if (rows.shard().block_row_count() != 0) shard.block_rows = rows.shard().block_row_count();
  shard.origin_row = rows.shard().origin_row();
  return shard;
}

}  // namespace tailcast
