#include "server/convert/generate_request.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>

#include "proto/describe/generate_header.h"
#include "server/rpc/limits.h"
#include "tests/core/stream/streams.h"

namespace tailcast::convert {
namespace {

constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();

v1::GenerateRequest GoodRequest() {
  v1::GenerateRequest request;
  v1::StreamSpec& stream = *request.mutable_stream();
  stream.set_bundle("bundles/faces/versions/3");
  v1::ClassWeight& weight = *stream.mutable_plan()->add_class_weights();
  weight.set_class_index(2);
  weight.set_weight(5);
  weight.set_first_ordinal(7);
  stream.set_seed(11);
  return request;
}

// Fields that are wrong, sorted.
std::vector<std::string> WrongFields(const v1::GenerateRequest& request) {
  RequestFields fields;
  ToGenerateOptions(request, fields);
  std::vector<std::string> names;
  for (const FieldViolation& violation : fields.violations()) names.push_back(violation.field);
  std::sort(names.begin(), names.end());
  return names;
}

using Names = std::vector<std::string>;

TEST(GenerateRequestTest, ReadsEveryField) {
  v1::GenerateRequest request = GoodRequest();
  request.mutable_stream()->set_bundle_digest(std::string(32, '\x01'));
  request.mutable_stream()->set_numerics_id(std::string(32, '\x02'));
  request.mutable_stream()->mutable_plan()->set_order_seed(8);
  request.mutable_stream()->mutable_plan()->set_repeat_period_count(9);
  request.mutable_stream()->mutable_sampler()->mutable_ddim()->set_step_count(12);
  request.mutable_stream()->mutable_sampler()->mutable_ddim()->set_eta(0.5);
  request.mutable_stream()->mutable_sampler()->add_guidance_weights(-0.25);
  request.mutable_rows()->set_start_row(100);
  request.mutable_rows()->set_row_count(50);
  v1::Shard& shard = *request.mutable_rows()->mutable_shard();
  shard.set_shard_index(1);
  shard.set_shard_count(4);
  shard.set_block_row_count(16);
  shard.set_origin_row(20);
  request.set_data_type(v1::DATA_TYPE_BFLOAT16);
  request.set_max_chunk_bytes(1000);
  request.set_expected_address(std::string(32, '\x03'));
  request.set_expected_feature_space_digest(std::string(32, '\x04'));
  RequestFields fields;

  const GenerateOptions options = ToGenerateOptions(request, fields);

  EXPECT_TRUE(fields.ok());
  EXPECT_EQ(options.bundle.name, "faces");
  EXPECT_EQ(options.bundle.version, 3);
  EXPECT_EQ(options.bundle_digest->front(), 1);
  EXPECT_EQ(options.numerics_id->front(), 2);
  EXPECT_EQ(options.expected_address->front(), 3);
  EXPECT_EQ(options.expected_feature_space->front(), 4);
  EXPECT_EQ(options.stream.plan,
            (PlanSpec{.class_weights = {{.class_index = 2, .weight = 5, .first_ordinal = 7}},
                      .order_seed = 8,
                      .repeat_period_count = 9}));
  EXPECT_EQ(options.stream.seed, 11);
  EXPECT_EQ(options.stream.sampler.method, SamplerMethod::kDdim);
  EXPECT_EQ(options.stream.sampler.num_steps, 12);
  EXPECT_EQ(options.stream.sampler.eta, 0.5);
  EXPECT_EQ(options.stream.sampler.guidance_weights, std::vector<double>{-0.25});
  EXPECT_EQ(options.start_row, 100);
  EXPECT_EQ(options.row_count, 50);
  EXPECT_EQ(options.shard, (Shard{.index = 1, .count = 4, .block_rows = 16, .origin_row = 20}));
  EXPECT_EQ(options.wire_type, WireType::kBfloat16);
  EXPECT_EQ(options.max_chunk_bytes, 1000);
}

TEST(GenerateRequestTest, WhatIsNotSetIsLeftToTheBundle) {
  RequestFields fields;
  const GenerateOptions options = ToGenerateOptions(GoodRequest(), fields);
  EXPECT_TRUE(fields.ok());
  EXPECT_FALSE(options.stream.sampler.method.has_value());
  EXPECT_FALSE(options.stream.sampler.num_steps.has_value());
  EXPECT_FALSE(options.stream.sampler.eta.has_value());
  EXPECT_TRUE(options.stream.sampler.guidance_weights.empty());
  EXPECT_FALSE(options.expected_address.has_value());
  EXPECT_EQ(options.wire_type, WireType::kFloat32);
  EXPECT_EQ(options.shard, Shard());
}

TEST(GenerateRequestTest, ZeroStepsMeanTheBundles) {
  v1::GenerateRequest request = GoodRequest();
  request.mutable_stream()->mutable_sampler()->mutable_ddim();
  RequestFields fields;
  const GenerateOptions options = ToGenerateOptions(request, fields);
  EXPECT_EQ(options.stream.sampler.method, SamplerMethod::kDdim);
  EXPECT_FALSE(options.stream.sampler.num_steps.has_value());
}

TEST(GenerateRequestTest, NamesEveryWrongFieldAtOnce) {
  v1::GenerateRequest request = GoodRequest();
  request.mutable_stream()->set_bundle("faces");
  request.mutable_stream()->set_bundle_digest("short");
  request.mutable_stream()->set_numerics_id(std::string(33, 'x'));
  request.mutable_rows()->set_start_row(-1);
  request.mutable_rows()->set_row_count(-1);
  request.set_data_type(v1::DATA_TYPE_UINT8);
  request.set_max_chunk_bytes(-1);
  request.set_expected_address("x");
  request.set_expected_feature_space_digest("x");

  EXPECT_EQ(WrongFields(request),
            (Names{"data_type", "expected_address", "expected_feature_space_digest",
                   "max_chunk_bytes", "rows.row_count", "rows.start_row", "stream.bundle",
                   "stream.bundle_digest", "stream.numerics_id"}));
}

TEST(GenerateRequestTest, ChunkBytesAtTheLimitAndAbove) {
  v1::GenerateRequest request = GoodRequest();
  request.set_max_chunk_bytes(rpc::kMaxChunkBytes);
  EXPECT_EQ(WrongFields(request), Names{});
  request.set_max_chunk_bytes(rpc::kMaxChunkBytes + 1);
  EXPECT_EQ(WrongFields(request), Names{"max_chunk_bytes"});
}

TEST(GenerateRequestTest, RowsAtTheLimitAndBelow) {
  v1::GenerateRequest request = GoodRequest();
  request.mutable_rows()->set_start_row(kMaxInt64);
  request.mutable_rows()->set_row_count(kMaxInt64);
  EXPECT_EQ(WrongFields(request), Names{});
  request.mutable_rows()->set_start_row(std::numeric_limits<int64_t>::min());
  EXPECT_EQ(WrongFields(request), Names{"rows.start_row"});
}

TEST(GenerateRequestTest, AnUnknownDataTypeIsRefused) {
  v1::GenerateRequest request = GoodRequest();
  request.set_data_type(static_cast<v1::DataType>(77));
  EXPECT_EQ(WrongFields(request), Names{"data_type"});
}

TEST(GenerateRequestTest, ShardsAreChecked) {
  v1::GenerateRequest request = GoodRequest();
  v1::Shard& shard = *request.mutable_rows()->mutable_shard();
  EXPECT_EQ(WrongFields(request), Names{"rows.shard.shard_count"});
  shard.set_shard_count(3);
  EXPECT_EQ(WrongFields(request), Names{});
  shard.set_shard_index(3);
  EXPECT_EQ(WrongFields(request), Names{"rows.shard.shard_index"});
  shard.set_shard_index(2);
  shard.set_block_row_count(-1);
  EXPECT_EQ(WrongFields(request), Names{"rows.shard.block_row_count"});
  shard.set_block_row_count(kMaxInt64);
  EXPECT_EQ(WrongFields(request), Names{"rows.shard.block_row_count"});
  shard.set_block_row_count(0);
  shard.set_origin_row(1);  // above start_row
  EXPECT_EQ(WrongFields(request), Names{"rows.shard.origin_row"});
}

TEST(GenerateRequestTest, LabelsAreReferences) {
  v1::GenerateRequest request = GoodRequest();
  request.mutable_stream()->set_bundle("bundles/faces/labels/stable");
  RequestFields fields;
  const GenerateOptions options = ToGenerateOptions(request, fields);
  EXPECT_TRUE(fields.ok());
  EXPECT_EQ(options.bundle.label, "stable");
  EXPECT_FALSE(options.bundle.version.has_value());
}

GenerateOptions WithChunkBytes(int32_t bytes, WireType type = WireType::kFloat32) {
  GenerateOptions options;
  options.max_chunk_bytes = bytes;
  options.wire_type = type;
  return options;
}

TEST(ChunkRowsTest, AChunkHoldsAsManyRowsAsItsBytes) {
  const auto numerics = stream::NumericsOf(stream::Invariance::kRow, {16, 64});
  RequestFields fields;
  EXPECT_EQ(ChunkRows(WithChunkBytes(0), 64, numerics, fields), 1024);
  EXPECT_EQ(ChunkRows(WithChunkBytes(0, WireType::kFloat16), 64, numerics, fields), 2048);
  EXPECT_EQ(ChunkRows(WithChunkBytes(256), 64, numerics, fields), 1);
  EXPECT_EQ(ChunkRows(WithChunkBytes(511), 64, numerics, fields), 1);
  EXPECT_EQ(ChunkRows(WithChunkBytes(512), 64, numerics, fields), 2);
  EXPECT_TRUE(fields.ok());
}

TEST(ChunkRowsTest, LessThanOneRowIsRefused) {
  RequestFields fields;
  ChunkRows(WithChunkBytes(255), 64, stream::NumericsOf(stream::Invariance::kRow, {16}), fields);
  ASSERT_EQ(fields.violations().size(), 1u);
  EXPECT_EQ(fields.violations()[0].field, "max_chunk_bytes");
}

TEST(ChunkRowsTest, ARowAboveTheDefaultIsAChunkOfItsOwn) {
  RequestFields fields;
  EXPECT_EQ(ChunkRows(WithChunkBytes(0), 100'000,
                      stream::NumericsOf(stream::Invariance::kRow, {16}), fields),
            1);
  EXPECT_TRUE(fields.ok());
}

TEST(ChunkRowsTest, AlignedTilesAreNotCut) {
  const auto numerics = stream::NumericsOf(stream::Invariance::kAlignedTile, {256});
  RequestFields fields;
  EXPECT_EQ(ChunkRows(WithChunkBytes(64 * 4 * 1000), 64, numerics, fields), 768);
  EXPECT_EQ(ChunkRows(WithChunkBytes(64 * 4 * 100), 64, numerics, fields), 100);
}

TEST(CheckShardAgainstTest, AlignedTilesNeedAlignedBlocks) {
  const auto aligned = stream::NumericsOf(stream::Invariance::kAlignedTile, {256});
  const auto wrong = [](const stream::Numerics& numerics, const Shard& shard) {
    RequestFields fields;
    CheckShardAgainst(numerics, shard, fields);
    return fields.violations().size();
  };
  EXPECT_EQ(wrong(aligned, {.count = 2, .block_rows = 1024}), 0u);
  EXPECT_EQ(wrong(aligned, {.count = 2, .block_rows = 1000}), 1u);
  EXPECT_EQ(wrong(aligned, {.count = 2, .block_rows = 1000, .origin_row = 5}), 2u);
  EXPECT_EQ(wrong(aligned, {.count = 1, .block_rows = 1000, .origin_row = 5}), 0u);
  EXPECT_EQ(wrong(stream::NumericsOf(stream::Invariance::kRow, {256}),
                  {.count = 2, .block_rows = 1000, .origin_row = 5}),
            0u);
}

// A header's stream, sent back, reads as what it was made from.
TEST(StreamProtoTest, AResolvedStreamSurvivesTheWire) {
  const stream::ResolvedStream stream = stream::GuidedStream();
  const SamplerSpec& sampler = stream.sampler;
  v1::GenerateRequest request;
  const v1::GenerateHeader header = ToHeader(stream, {.bundle_resource = "bundles/a/versions/1",
                                                      .feature_space = {},
                                                      .feature_dim = 12,
                                                      .wire_type = WireType::kFloat16,
                                                      .chunk_rows = 10});
  *request.mutable_stream() = header.stream();
  RequestFields fields;

  const GenerateOptions options = ToGenerateOptions(request, fields);

  EXPECT_TRUE(fields.ok());
  EXPECT_EQ(options.bundle_digest, stream.bundle_digest);
  EXPECT_EQ(options.numerics_id, stream.numerics.id);
  EXPECT_EQ(options.stream.plan, stream.plan.spec());
  EXPECT_EQ(options.stream.seed, stream.seed);
  EXPECT_EQ(options.stream.sampler.method, sampler.method);
  EXPECT_EQ(options.stream.sampler.num_steps, sampler.num_steps);
  EXPECT_EQ(options.stream.sampler.eta, sampler.eta);
  EXPECT_EQ(options.stream.sampler.guidance_weights, sampler.guidance_weights);
}

}  // namespace
}  // namespace tailcast::convert
