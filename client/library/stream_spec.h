#ifndef TAILCAST_CLIENT_LIBRARY_STREAM_SPEC_H_
#define TAILCAST_CLIENT_LIBRARY_STREAM_SPEC_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "core/base/digest.h"
#include "core/contract/plan.h"
#include "core/contract/sampler_spec.h"
#include "core/contract/shard.h"
#include "core/contract/wire_type.h"
#include "proto/tailcast/v1/stream.pb.h"
#include "proto/tailcast/v1/tensor.pb.h"

namespace tailcast::client {

// Between the contract's structs and their messages.
v1::Plan ToProto(const PlanSpec& plan);
PlanSpec FromProto(const v1::Plan& plan);
v1::SamplerSpec ToProto(const SamplerSpec& sampler);
// Sets what was chosen of DDIM. A message holds either no method or all its fields, so the others
// are those of `defaults`, the bundle's own sampler; nothing chosen leaves the method out.
void ChooseDdim(std::optional<int32_t> step_count, std::optional<double> eta,
                const v1::SamplerSpec& defaults, v1::SamplerSpec& sampler);
v1::DataType ToProto(WireType type);
// INVALID_ARGUMENT for a type that features cannot have.
absl::StatusOr<WireType> WireTypeFromProto(v1::DataType type);
// A shard that is not set is every row; block_row_count 0 means 1024.
Shard ShardOf(const v1::RowRange& rows);

// The digest that a header must carry for its stream. INVALID_ARGUMENT names the field of a stream
// that is not resolved.
absl::StatusOr<Digest> RecipeOf(const v1::StreamSpec& resolved);
absl::StatusOr<Digest> AddressOf(const v1::StreamSpec& resolved);

// Which fields differ, with both values: "stream.seed is 1, expected 0; ...". Empty: none.
std::string DescribeDifference(const v1::StreamSpec& expected, const v1::StreamSpec& actual);

}  // namespace tailcast::client

#endif  // TAILCAST_CLIENT_LIBRARY_STREAM_SPEC_H_
