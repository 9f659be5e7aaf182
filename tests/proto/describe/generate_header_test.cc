#include "proto/describe/generate_header.h"

#include <gtest/gtest.h>

#include "proto/convert/contract_proto.h"
#include "tests/core/stream/streams.h"

namespace tailcast {
namespace {

TEST(GenerateHeaderTest, TellsTheWholeStreamAndHowItTravels) {
  const stream::ResolvedStream stream = stream::GuidedStream();
  Digest feature_space;
  feature_space.fill(6);

  const v1::GenerateHeader header = ToHeader(stream, {.bundle_resource = "bundles/a/versions/1",
                                                      .feature_space = feature_space,
                                                      .feature_dim = 12,
                                                      .wire_type = WireType::kFloat16,
                                                      .chunk_rows = 10});

  EXPECT_EQ(header.stream().bundle(), "bundles/a/versions/1");
  EXPECT_EQ(header.stream().bundle_digest(), ToBytes(stream.bundle_digest));
  EXPECT_EQ(header.stream().numerics_id(), ToBytes(stream.numerics.id));
  EXPECT_EQ(header.stream().seed(), 42);
  EXPECT_EQ(FromProto(header.stream().plan()), stream.plan.spec());
  EXPECT_EQ(header.stream().sampler().ddim().step_count(), 7);
  EXPECT_EQ(header.stream().sampler().ddim().eta(), 0.25);
  EXPECT_EQ(header.stream().sampler().guidance_weights_size(), 2);
  EXPECT_EQ(header.address(), ToBytes(stream.address()));
  EXPECT_EQ(header.recipe_digest(), ToBytes(stream.recipe()));
  EXPECT_EQ(header.feature_space_digest(), ToBytes(feature_space));
  EXPECT_EQ(header.feature_dimension(), 12);
  EXPECT_EQ(header.data_type(), v1::DATA_TYPE_FLOAT16);
  EXPECT_EQ(header.chunk_row_count(), 10);
}

}  // namespace
}  // namespace tailcast
