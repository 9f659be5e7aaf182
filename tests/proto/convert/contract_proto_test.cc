#include "proto/convert/contract_proto.h"

#include <gtest/gtest.h>

namespace tailcast {
namespace {

TEST(ContractProtoTest, APlanSurvivesTheWayToTheWireAndBack) {
  const PlanSpec plan = {.class_weights = {{1, 2, 3}, {4, 5, int64_t{1} << 62}},
                         .order_seed = 99,
                         .repeat_period_count = 2};
  EXPECT_EQ(FromProto(ToProto(plan)), plan);
}

TEST(ContractProtoTest, EachSamplerSetsTheFieldsOfItsOwnMethod) {
  const SamplerSpec ddim = {
      .method = SamplerMethod::kDdim, .num_steps = 25, .eta = 0.5, .guidance_weights = {-0.3, 2.0}};
  v1::SamplerSpec message = ToProto(ddim);
  EXPECT_EQ(message.ddim().step_count(), 25);
  EXPECT_EQ(message.ddim().eta(), 0.5);
  ASSERT_EQ(message.guidance_weights_size(), 2);
  EXPECT_EQ(message.guidance_weights(0), -0.3);
  EXPECT_EQ(message.guidance_weights(1), 2.0);
  message = ToProto(SamplerSpec{.method = SamplerMethod::kDpmSolver, .num_steps = 9});
  EXPECT_EQ(message.dpm_solver().step_count(), 9);
  EXPECT_TRUE(ToProto(SamplerSpec{.method = SamplerMethod::kDdpm}).has_ddpm());
}

TEST(ContractProtoTest, WireTypesSurviveAndOthersAreRefused) {
  for (const WireType type : {WireType::kFloat32, WireType::kFloat16, WireType::kBfloat16}) {
    EXPECT_EQ(*FromProto(ToProto(type)), type);
  }
  EXPECT_FALSE(FromProto(v1::DATA_TYPE_UNSPECIFIED).ok());
  EXPECT_FALSE(FromProto(v1::DATA_TYPE_UINT8).ok());
}

TEST(ContractProtoTest, NoShardIsEveryRowAndNoBlockSizeIs1024) {
  v1::RowRange rows;
  EXPECT_EQ(ShardOf(rows), Shard{});
  rows.mutable_shard()->set_shard_index(2);
  rows.mutable_shard()->set_shard_count(4);
  EXPECT_EQ(ShardOf(rows), (Shard{.index = 2, .count = 4, .block_rows = 1024, .origin_row = 0}));
}

}  // namespace
}  // namespace tailcast
