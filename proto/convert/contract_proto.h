#ifndef TAILCAST_PROTO_CONVERT_CONTRACT_PROTO_H_
#define TAILCAST_PROTO_CONVERT_CONTRACT_PROTO_H_

#include "absl/status/statusor.h"
#include "core/contract/plan.h"
#include "core/contract/sampler_spec.h"
#include "core/contract/shard.h"
#include "core/contract/wire_type.h"
#include "proto/tailcast/v1/stream.pb.h"
#include "proto/tailcast/v1/tensor.pb.h"

namespace tailcast {

// Between the contract's structs and their messages, the same for server and client. Pure
// functions; what a message says is not checked here but by Plan::Create(), ValidateShard() and the
// like.
v1::Plan ToProto(const PlanSpec& plan);
PlanSpec FromProto(const v1::Plan& plan);

v1::SamplerSpec ToProto(const SamplerSpec& sampler);

v1::DataType ToProto(WireType type);
// INVALID_ARGUMENT for a type that features on the wire cannot have.
absl::StatusOr<WireType> FromProto(v1::DataType type);

// The shard that a range names; one that is not set is every row, block_row_count 0 means 1024.
Shard ShardOf(const v1::RowRange& rows);

}  // namespace tailcast

#endif  // TAILCAST_PROTO_CONVERT_CONTRACT_PROTO_H_
