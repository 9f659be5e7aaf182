#include "client/library/call_verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "core/contract/checksum.h"
#include "proto/convert/contract_proto.h"
#include "tests/client/library/fake_table.h"

namespace tailcast::client {
namespace {

using ::testing::HasSubstr;

class CallVerifierTest : public ::testing::Test {
 protected:
  ChunkView View(const v1::GenerateResponse& response) {
    const v1::FeatureChunk& chunk = response.chunk();
    return {.start_row = chunk.start_row(),
            .row_count = chunk.row_count(),
            .checksum = chunk.checksum(),
            .class_indices = chunk.class_indices(),
            .payload = chunk.payload()};
  }

  FakeTable table_;
  Plan plan_ = *Plan::Create(FromProto(table_.stream().plan()));
  ShardRows rows_{Shard{}, 100};
  CallVerifier verifier_{table_.Header(), plan_, {.rows = rows_, .position = 0, .row_count = 64}};
};

TEST_F(CallVerifierTest, GivesTheRowsOfARightChunk) {
  const auto response = table_.Chunk(rows_, 0, 10);
  const auto chunk = verifier_.Check(View(response));
  ASSERT_TRUE(chunk.ok()) << chunk.status();
  EXPECT_EQ(std::vector<int64_t>(chunk->rows.begin(), chunk->rows.end()),
            FakeTable::Rows(rows_, 0, 10));
  EXPECT_EQ(chunk->payload, response.chunk().payload());
  EXPECT_EQ(chunk->row_checksum_sum, table_.Summary(rows_, 0, 10).row_checksum_sum());
}

TEST_F(CallVerifierTest, TakesAsManyRowsAsAskedForAndNoneMore) {
  ASSERT_TRUE(verifier_.Check(View(table_.Chunk(rows_, 0, 63))).ok());
  const auto too_many = table_.Chunk(rows_, 63, 2);
  EXPECT_THAT(std::string(verifier_.Check(View(too_many)).status().message()),
              HasSubstr("has 2 rows; expected [1, 1]"));
  EXPECT_TRUE(verifier_.Check(View(table_.Chunk(rows_, 63, 1))).ok());
}

TEST_F(CallVerifierTest, RefusesSizesThatDoNotFit) {
  const auto response = table_.Chunk(rows_, 0, 10);
  const auto status = [&](auto change) {
    ChunkView view = View(response);
    change(view);
    return std::string(verifier_.Check(view).status().message());
  };
  EXPECT_THAT(status([](ChunkView& v) { v.row_count = 0; }), HasSubstr("0 rows"));
  EXPECT_THAT(status([](ChunkView& v) { v.row_count = -1; }), HasSubstr("-1 rows"));
  EXPECT_THAT(status([](ChunkView& v) { v.row_count = std::numeric_limits<int32_t>::max(); }),
              HasSubstr("rows; expected [1, 64]"));
  EXPECT_THAT(status([](ChunkView& v) { v.payload.remove_suffix(1); }),
              HasSubstr("40 bytes of classes and 319 of features; expected 40 and 320"));
  EXPECT_THAT(status([](ChunkView& v) { v.class_indices.remove_suffix(4); }),
              HasSubstr("36 bytes of classes"));
  EXPECT_THAT(status([](ChunkView& v) { v.checksum ^= 1; }), HasSubstr("has checksum"));
  EXPECT_TRUE(verifier_.Check(View(response)).ok());
}

TEST_F(CallVerifierTest, AMisplacedChunkFails) {
  const auto response = table_.Chunk(rows_, 10, 10);
  ChunkView view = View(response);
  view.start_row = 100;  // claims to be the first one
  EXPECT_THAT(std::string(verifier_.Check(view).status().message()), HasSubstr("checksum"));
}

TEST_F(CallVerifierTest, ARowOfAnotherClassThanThePlansFails) {
  auto response = table_.Chunk(rows_, 0, 10);
  v1::FeatureChunk& chunk = *response.mutable_chunk();
  const int32_t right = plan_.At(100).class_index;
  (*chunk.mutable_class_indices())[0] = static_cast<char>(right + 1);
  chunk.set_checksum(ChunkChecksum(100, chunk.class_indices(), chunk.payload()));
  EXPECT_THAT(std::string(verifier_.Check(View(response)).status().message()),
              HasSubstr("the plan says"));
}

TEST_F(CallVerifierTest, HeadersMustBeWhole) {
  const v1::GenerateHeader right = table_.Header();
  EXPECT_TRUE(CheckHeader(right, v1::DATA_TYPE_UNSPECIFIED).ok());
  EXPECT_TRUE(CheckHeader(right, v1::DATA_TYPE_FLOAT32).ok());
  EXPECT_FALSE(CheckHeader(right, v1::DATA_TYPE_FLOAT16).ok());
  const auto message = [&right](auto change) {
    v1::GenerateHeader header = right;
    change(header);
    const absl::Status status = CheckHeader(header, v1::DATA_TYPE_FLOAT32);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    return std::string(status.message());
  };
  EXPECT_THAT(message([](auto& h) { h.clear_address(); }), HasSubstr("header.address"));
  EXPECT_THAT(message([](auto& h) { h.set_address(std::string(32, 'x')); }),
              HasSubstr("its stream has tc1-"));
  EXPECT_THAT(message([](auto& h) { h.clear_recipe_digest(); }), HasSubstr("recipe_digest"));
  EXPECT_THAT(message([](auto& h) { h.clear_feature_space_digest(); }),
              HasSubstr("feature_space_digest"));
  EXPECT_THAT(message([](auto& h) { h.set_feature_dimension(0); }),
              HasSubstr("header.feature_dimension is 0"));
  EXPECT_THAT(message([](auto& h) { h.mutable_stream()->clear_numerics_id(); }),
              HasSubstr("numerics_id"));
  EXPECT_THAT(message([](auto& h) { h.mutable_stream()->clear_plan(); }), HasSubstr("plan"));
}

}  // namespace
}  // namespace tailcast::client
