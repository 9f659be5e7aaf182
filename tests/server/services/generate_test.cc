#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "server/telemetry/logging.h"
#include "tests/core/stream/planted_faults.h"
#include "tests/fakes/test_server.h"
#include "tests/server/services/reference_stream.h"

namespace tailcast {
namespace {

using ::testing::HasSubstr;

constexpr char kBundle[] = "bundles/drawn/versions/1";

class GenerateTest : public testing::Test {
 protected:
  void SetUp() override {
    version_ = test_server_.Publish("drawn");
    test_server_.Start();
    ASSERT_TRUE(test_server_.AwaitActive(kBundle));
  }
  void TearDown() override {
    if (!test_server_.running()) return;
    EXPECT_TRUE(test_server_.AwaitNoCalls());
    test_server_.Stop();
  }

  TestServer test_server_;
  bundle::VersionInfo version_;
};

TEST_F(GenerateTest, AStreamHoldsTheRowsOfItsAddress) {
  const auto request = RequestOf(kBundle, 0, 1000);
  ExpectStream(test_server_.Generate(request), ReferenceStream(version_, request), 0, 1000);
}

TEST_F(GenerateTest, RowsDoNotDependOnTheRangeOrTheOrderOfCalls) {
  const ReferenceStream reference(version_, RequestOf(kBundle, 0, 0));
  for (const auto& [start, count] :
       {std::pair<int64_t, int64_t>{900, 100}, {0, 1}, {17, 500}, {1, 1}, {999, 1}, {400, 64}}) {
    ExpectStream(test_server_.Generate(RequestOf(kBundle, start, count)), reference, start, count);
  }
}

TEST_F(GenerateTest, RowsDoNotDependOnTheChunkSize) {
  const ReferenceStream reference(version_, RequestOf(kBundle, 0, 0));
  for (const int32_t bytes : {12 * 4, 12 * 4 * 7 + 5, 12 * 4 * 64, 1 << 20}) {
    auto request = RequestOf(kBundle, 5, 300);
    request.set_max_chunk_bytes(bytes);
    const StreamResult result = test_server_.Generate(request);
    ExpectStream(result, reference, 5, 300);
    EXPECT_EQ(result.header->chunk_row_count(), bytes / (12 * 4));
  }
}

TEST_F(GenerateTest, FarRowsAreServed) {
  const int64_t far = int64_t{1} << 40;
  const auto request = RequestOf(kBundle, far, 100);
  ExpectStream(test_server_.Generate(request), ReferenceStream(version_, request), far, 100);
}

TEST_F(GenerateTest, SmallerTypesAreRoundedFromTheSameRows) {
  auto request = RequestOf(kBundle, 3, 200);
  const ReferenceStream reference(version_, request);
  request.set_data_type(v1::DATA_TYPE_FLOAT16);
  ExpectStream(test_server_.Generate(request), reference, 3, 200, WireType::kFloat16);
  request.set_data_type(v1::DATA_TYPE_BFLOAT16);
  ExpectStream(test_server_.Generate(request), reference, 3, 200, WireType::kBfloat16);
}

TEST_F(GenerateTest, GuidanceStepsAndEtaAreTheCallers) {
  auto request = RequestOf(kBundle, 0, 150);
  request.mutable_stream()->mutable_sampler()->mutable_ddim()->set_step_count(3);
  request.mutable_stream()->mutable_sampler()->mutable_ddim()->set_eta(0.7);
  for (const double weight : {0.0, 0.5, 1.0, 1.5, 2.0, 2.5}) {
    request.mutable_stream()->mutable_sampler()->add_guidance_weights(weight);
  }
  ExpectStream(test_server_.Generate(request), ReferenceStream(version_, request), 0, 150);
}

TEST_F(GenerateTest, ShardsTogetherHoldEveryRowOnce) {
  const ReferenceStream reference(version_, RequestOf(kBundle, 0, 0));
  std::map<int64_t, std::pair<std::string, std::string>> rows;  // row -> class, features
  uint64_t checksum_sum = 0;
  for (int32_t index = 0; index < 3; ++index) {
    auto request = RequestOf(kBundle, 20, 100);
    v1::Shard& shard = *request.mutable_rows()->mutable_shard();
    shard.set_shard_index(index);
    shard.set_shard_count(3);
    shard.set_block_row_count(10);
    shard.set_origin_row(20);
    request.set_max_chunk_bytes(12 * 4 * 16);
    const StreamResult result = test_server_.Generate(request);
    ASSERT_TRUE(result.status.ok()) << result.status.error_message();
    const ShardRows own({.index = index, .count = 3, .block_rows = 10, .origin_row = 20}, 20);
    EXPECT_EQ(result.summary->next_row(), own.RowAt(100));
    checksum_sum += result.summary->row_checksum_sum();
    for (int64_t i = 0; i < 100; ++i) {
      rows[own.RowAt(i)] = {result.Classes().substr(i * 4, 4), result.Payload().substr(i * 48, 48)};
    }
  }

  ASSERT_EQ(rows.size(), 300u);
  std::string classes, payload;
  for (const auto& [row, bytes] : rows) {
    classes += bytes.first;
    payload += bytes.second;
  }
  EXPECT_EQ(classes, reference.Classes(20, 300));
  EXPECT_EQ(payload, reference.Payload(20, 300));
  EXPECT_EQ(checksum_sum, reference.ChecksumSum(20, 300));
}

TEST_F(GenerateTest, ManyStreamsAtOnceShareTilesAndKeepTheirRows) {
  auto first = RequestOf(kBundle, 0, 0), second = RequestOf(kBundle, 0, 0);
  second.mutable_stream()->set_seed(7);
  const ReferenceStream references[] = {{version_, first}, {version_, second}};
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&, i] {
      std::mt19937 random(i);
      for (int round = 0; round < 6; ++round) {
        const int64_t start = random() % 1000, count = 1 + random() % 400;
        auto request = RequestOf(kBundle, start, count);
        request.mutable_stream()->set_seed(i % 2 == 0 ? 42 : 7);
        request.set_max_chunk_bytes(12 * 4 * (1 + static_cast<int>(random() % 50)));
        ExpectStream(test_server_.Generate(request), references[i % 2], start, count);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_GT(test_server_.server().counters().shared_tiles, 0);
}

TEST_F(GenerateTest, AHeadersStreamIsTheResumeTokenAlsoAfterARestart) {
  auto request = RequestOf(kBundle, 0, 500);
  request.mutable_stream()->set_bundle(kBundle);
  const StreamResult begun = test_server_.Generate(request, /*cancel_after_chunks=*/1);
  ASSERT_TRUE(begun.header.has_value());
  test_server_.Stop();
  test_server_.Start();
  ASSERT_TRUE(test_server_.AwaitActive(kBundle));

  v1::GenerateRequest resumed;
  *resumed.mutable_stream() = begun.header->stream();
  resumed.set_expected_address(begun.header->address());
  resumed.mutable_rows()->set_start_row(100);
  resumed.mutable_rows()->set_row_count(400);

  ExpectStream(test_server_.Generate(resumed), ReferenceStream(version_, request), 100, 400);
}

TEST_F(GenerateTest, TheHeaderResolvesEverything) {
  const StreamResult result = test_server_.Generate(RequestOf(kBundle, 0, 1));
  ASSERT_TRUE(result.header.has_value());
  const v1::StreamSpec& stream = result.header->stream();
  EXPECT_EQ(stream.bundle(), kBundle);
  EXPECT_EQ(stream.bundle_digest(), ToBytes(version_.digest));
  EXPECT_EQ(stream.sampler().ddim().step_count(), 4);
  EXPECT_EQ(stream.sampler().guidance_weights_size(), 1);
  EXPECT_EQ(stream.numerics_id().size(), 32u);
  EXPECT_EQ(stream.seed(), 42);
  EXPECT_EQ(result.header->feature_dimension(), 12);
  EXPECT_EQ(result.header->data_type(), v1::DATA_TYPE_FLOAT32);
  EXPECT_EQ(result.header->feature_space_digest().size(), 32u);
}

TEST_F(GenerateTest, AnEndlessStreamGoesOnUntilItIsCancelled) {
  auto request = RequestOf(kBundle, 0, 0);
  request.set_max_chunk_bytes(12 * 4 * 64);
  const StreamResult result = test_server_.Generate(request, /*cancel_after_chunks=*/20);
  EXPECT_EQ(result.status.error_code(), grpc::StatusCode::CANCELLED);
  const ReferenceStream reference(version_, request);
  ASSERT_GE(result.RowCount(), 20 * 64);
  EXPECT_EQ(result.Payload().substr(0, 20 * 64 * 48), reference.Payload(0, 20 * 64));
}

TEST_F(GenerateTest, EstimateSaysWhatGenerateWouldSend) {
  const auto request = RequestOf(kBundle, 10, 100);
  v1::EstimateRequest estimate;
  *estimate.mutable_generate() = request;
  grpc::ClientContext context;
  v1::EstimateResponse response;

  ASSERT_TRUE(test_server_.features().Estimate(&context, estimate, &response).ok());

  EXPECT_EQ(response.header().SerializeAsString(),
            test_server_.Generate(request).header->SerializeAsString());
  EXPECT_EQ(response.row_count(), 100);
  EXPECT_EQ(response.row_bytes(), 12 * 4 + 4);
  EXPECT_GT(response.row_flops(), 0);
  EXPECT_GT(response.rows_per_second(), 0);
  EXPECT_GE(response.queue_seconds(), 0);
}

// A kernel whose rows depend on their neighbours is found when it is loaded; rows are then those of
// aligned tiles, still the same however they are asked for.
TEST(GenerateFallbackTest, APlantedKernelIsFoundAndServedInAlignedTiles) {
  TestServer server;
  const auto version = server.Publish("drawn");
  const auto generator = stream::PlantedGenerator<stream::NeighbourFault>(stream::SmallSpec(6));
  server.options().catalog.loader = [&generator](const bundle::VersionInfo& info,
                                                 const std::stop_token& stop)
      -> absl::StatusOr<std::shared_ptr<const bundles::ServedBundle>> {
    bundles::LoadedBundle loaded;
    loaded.version = info;
    loaded.bundle = bundle::ReadBundle(info.folder).value();
    loaded.compile = [&generator](const SamplerSpec& spec) {
      return stream::SamplerProgram::Compile(generator, spec);
    };
    return bundles::ProveBundle(std::move(loaded), stop);
  };
  testing::internal::CaptureStderr();
  server.Start();
  ASSERT_TRUE(server.AwaitActive(kBundle));
  telemetry::FlushLogs();
  EXPECT_THAT(
      testing::internal::GetCapturedStderr(),
      HasSubstr("rows depend on their neighbours here: falling back to aligned tiles bundle=" +
                std::string(kBundle)));

  const StreamResult whole = server.Generate(RequestOf(kBundle, 0, 1000));
  ASSERT_TRUE(whole.status.ok()) << whole.status.error_message();
  for (const auto& [start, count] :
       {std::pair<int64_t, int64_t>{0, 1}, {255, 2}, {100, 600}, {999, 1}, {512, 256}}) {
    auto request = RequestOf(kBundle, start, count);
    request.set_max_chunk_bytes(static_cast<int32_t>(48 * (1 + start)));
    const StreamResult part = server.Generate(request);
    EXPECT_EQ(part.Payload(), whole.Payload().substr(start * 48, count * 48)) << start;
    EXPECT_EQ(part.header->address(), whole.header->address());
  }
  auto sharded = RequestOf(kBundle, 0, 100);
  sharded.mutable_rows()->mutable_shard()->set_shard_count(2);
  sharded.mutable_rows()->mutable_shard()->set_block_row_count(100);
  EXPECT_EQ(WrongFieldsOf(server.Generate(sharded).status),
            std::vector<std::string>{"rows.shard.block_row_count"});
  grpc::ClientContext context;
  v1::GetBundleRequest get;
  get.set_name(kBundle);
  v1::Bundle bundle;
  ASSERT_TRUE(server.bundles().GetBundle(&context, get, &bundle).ok());
  EXPECT_EQ(bundle.numerics(0).invariance(), v1::Numerics::INVARIANCE_ALIGNED_TILE);
  EXPECT_EQ(bundle.numerics(0).tile_row_counts_size(), 1);
  server.Stop();
}

}  // namespace
}  // namespace tailcast
