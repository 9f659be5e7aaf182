#include "tests/client/library/fake_table.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "core/base/digest.h"
#include "core/contract/address.h"
#include "core/contract/checksum.h"
#include "core/contract/sampler_spec.h"

namespace tailcast::client {
namespace {

const SamplerSpec kSampler = {
    .method = SamplerMethod::kDdim, .num_steps = 16, .eta = 0.0, .guidance_weights = {-0.25}};

Plan MakePlan() {
  return *Plan::Create({.class_weights = {{.class_index = 0, .weight = 5, .first_ordinal = 0},
                                          {.class_index = 2, .weight = 11, .first_ordinal = 0},
                                          {.class_index = 3, .weight = 300, .first_ordinal = 7}},
                        .order_seed = 3,
                        .repeat_period_count = 0});
}

v1::StreamSpec MakeStream(const PlanSpec& plan, int version) {
  v1::StreamSpec stream;
  stream.set_bundle(absl::StrCat("bundles/fake/versions/", version));
  stream.set_bundle_digest(ToBytes(Sha256Of(absl::StrCat("manifest ", version))));
  for (const ClassWeight& entry : plan.class_weights) {
    v1::ClassWeight& added = *stream.mutable_plan()->add_class_weights();
    added.set_class_index(entry.class_index);
    added.set_weight(entry.weight);
    added.set_first_ordinal(entry.first_ordinal);
  }
  stream.mutable_plan()->set_order_seed(plan.order_seed);
  stream.mutable_sampler()->mutable_ddim()->set_step_count(kSampler.num_steps);
  stream.mutable_sampler()->add_guidance_weights(kSampler.guidance_weights[0]);
  stream.set_seed(42);
  stream.set_numerics_id(ToBytes(Sha256Of("numerics")));
  return stream;
}

std::string LittleEndian(const std::vector<int32_t>& values) {
  std::string bytes(values.size() * 4, '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

}  // namespace

FakeTable::FakeTable(int version)
    : version_(version), plan_(MakePlan()), stream_(MakeStream(plan_.spec(), version)) {}

v1::GenerateHeader FakeTable::Header() const {
  const Digest recipe = RecipeDigest(*DigestFromBytes(stream_.bundle_digest()),
                                     SamplerDigest(kSampler), plan_.digest(), stream_.seed());
  v1::GenerateHeader header;
  *header.mutable_stream() = stream_;
  header.set_recipe_digest(ToBytes(recipe));
  header.set_address(ToBytes(AddressDigest(recipe, *DigestFromBytes(stream_.numerics_id()))));
  header.set_feature_space_digest(ToBytes(Sha256Of("feature space")));
  header.set_feature_dimension(kDimension);
  header.set_data_type(v1::DATA_TYPE_FLOAT32);
  header.set_chunk_row_count(64);
  return header;
}

std::vector<int64_t> FakeTable::Rows(const ShardRows& rows, int64_t position, int64_t count) {
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < count; ++i) indices.push_back(rows.RowAt(position + i));
  return indices;
}

std::string FakeTable::Payload(const std::vector<int64_t>& rows) const {
  std::vector<float> values;
  for (const int64_t row : rows) {
    for (int k = 0; k < kDimension; ++k) {
      values.push_back(static_cast<float>(row) * 0.5f + static_cast<float>(k * version_));
    }
  }
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

std::vector<int32_t> FakeTable::Classes(const std::vector<int64_t>& rows) const {
  std::vector<int32_t> classes;
  for (const int64_t row : rows) classes.push_back(plan_.At(row).class_index);
  return classes;
}

v1::GenerateResponse FakeTable::Chunk(const ShardRows& rows, int64_t position,
                                      int64_t count) const {
  const std::vector<int64_t> indices = Rows(rows, position, count);
  v1::GenerateResponse response;
  v1::FeatureChunk& chunk = *response.mutable_chunk();
  chunk.set_start_row(indices.front());
  chunk.set_row_count(static_cast<int32_t>(count));
  chunk.set_class_indices(LittleEndian(Classes(indices)));
  chunk.set_payload(Payload(indices));
  chunk.set_checksum(ChunkChecksum(indices.front(), chunk.class_indices(), chunk.payload()));
  return response;
}

v1::GenerateSummary FakeTable::Summary(const ShardRows& rows, int64_t position,
                                       int64_t count) const {
  const std::vector<int64_t> indices = Rows(rows, position, count);
  v1::GenerateSummary summary;
  summary.set_row_count(count);
  summary.set_next_row(rows.RowAt(position + count));
  summary.set_row_checksum_sum(RowChecksumSum(indices, Classes(indices), Payload(indices)));
  return summary;
}

}  // namespace tailcast::client
