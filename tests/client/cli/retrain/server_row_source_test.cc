#include "client/cli/retrain/server_row_source.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "core/contract/plan.h"
#include "proto/convert/contract_proto.h"
#include "tests/client/cli/retrain/sample_trainer.h"
#include "tests/client/library/fake_server.h"
#include "tests/client/library/fake_table.h"

namespace tailcast::retrain {
namespace {

using client::FakeCall;
using client::FakeServer;
using client::FakeTable;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ServerRowSourceTest : public testing::Test {
 protected:
  ServerRowOptions Options(const FakeServer& server, const std::string& bundle) {
    ServerRowOptions options;
    options.failover.servers = {server.address()};
    options.failover.retry.retry_for = absl::Seconds(5);
    options.bundle = bundle;
    options.seed = 7;
    options.feature_space_digest.fill(9);
    return options;
  }

  // The table's own plan, so that the rows which it sends are those that were asked for.
  RowQuery Query() {
    return {.what = "test", .plan = FromProto(table_.stream().plan()), .guidance_weights = {}};
  }

  FakeTable table_;
  FakeServer server_{[this](FakeCall& call) { return client::ServeAll(table_, call); }};
  FakeProgress progress_;
};

TEST_F(ServerRowSourceTest, RowsArriveAsTensorsInTheirOrder) {
  ServerRowSource source(Options(server_, "sample@1"));
  const auto streamed = source.Take(Query(), progress_);
  ASSERT_TRUE(streamed.ok()) << streamed.status();
  const int64_t period = Plan::Create(Query().plan)->period();
  ASSERT_THAT(streamed->rows.features.sizes().vec(), ElementsAre(period, FakeTable::kDimension));
  const std::vector<int64_t> rows = FakeTable::Rows(ShardRows({}, 0), 0, period);
  EXPECT_EQ(std::memcmp(streamed->rows.features.const_data_ptr<float>(),
                        table_.Payload(rows).data(), period * FakeTable::kRowBytes),
            0);
  const std::vector<int32_t> classes = table_.Classes(rows);
  for (int64_t i = 0; i < period; ++i) {
    ASSERT_EQ(streamed->rows.labels[i].item<int64_t>(), classes[i]) << i;
  }
}

TEST_F(ServerRowSourceTest, TheRequestAsksForOnePeriodOfTheTrainersOwnSpace) {
  ServerRowSource source(Options(server_, "sample@1"));
  RowQuery query = Query();
  query.guidance_weights = {-0.5, 0.25};
  ASSERT_TRUE(source.Take(query, progress_).ok());
  ASSERT_THAT(server_.requests(), SizeIs(1));
  const v1::GenerateRequest request = server_.requests()[0];
  EXPECT_EQ(request.stream().bundle(), "bundles/sample/versions/1");
  EXPECT_EQ(request.stream().seed(), 7);
  EXPECT_THAT(request.stream().sampler().guidance_weights(), ElementsAre(-0.5, 0.25));
  EXPECT_EQ(request.rows().start_row(), 0);
  EXPECT_EQ(request.rows().row_count(), Plan::Create(query.plan)->period());
  EXPECT_EQ(request.expected_feature_space_digest(), std::string(32, '\x09'));
}

TEST_F(ServerRowSourceTest, WithoutGuidanceAndStepsTheBundleDecides) {
  ServerRowSource source(Options(server_, "sample:stable"));
  ASSERT_TRUE(source.Take(Query(), progress_).ok());
  EXPECT_EQ(server_.requests()[0].stream().bundle(), "bundles/sample/labels/stable");
  EXPECT_FALSE(server_.requests()[0].stream().has_sampler());
}

TEST_F(ServerRowSourceTest, ANumberOfStepsReplacesOnlyThatOfTheBundlesSampler) {
  v1::Bundle bundle;
  bundle.set_name(table_.stream().bundle());
  bundle.mutable_default_sampler()->mutable_ddim()->set_step_count(16);
  bundle.mutable_default_sampler()->mutable_ddim()->set_eta(0.25);
  server_.set_bundle(bundle);
  ServerRowOptions options = Options(server_, "sample:stable");
  options.num_steps = 12;
  ServerRowSource source(options);
  ASSERT_TRUE(source.Take(Query(), progress_).ok());
  const v1::StreamSpec first = server_.requests()[0].stream();
  EXPECT_EQ(first.bundle(), bundle.name()) << "the version whose sampler it is";
  EXPECT_EQ(first.sampler().ddim().step_count(), 12);
  EXPECT_EQ(first.sampler().ddim().eta(), 0.25);
  ASSERT_TRUE(source.Take(Query(), progress_).ok());
  const v1::DdimSampler second = server_.requests()[1].stream().sampler().ddim();
  EXPECT_EQ(second.step_count(), table_.stream().sampler().ddim().step_count());
  EXPECT_EQ(second.eta(), table_.stream().sampler().ddim().eta());
}

TEST_F(ServerRowSourceTest, LaterStreamsArePinnedToTheFirstOnesVersionAndArithmetic) {
  ServerRowSource source(Options(server_, "sample:stable"));
  ASSERT_TRUE(source.Take(Query(), progress_).ok());
  ASSERT_TRUE(source.Take(Query(), progress_).ok());
  ASSERT_THAT(server_.requests(), SizeIs(2));
  EXPECT_THAT(server_.requests()[0].stream().numerics_id(), IsEmpty());
  const v1::StreamSpec pinned = server_.requests()[1].stream();
  EXPECT_EQ(pinned.bundle(), table_.stream().bundle());
  EXPECT_EQ(pinned.bundle_digest(), table_.stream().bundle_digest());
  EXPECT_EQ(pinned.numerics_id(), table_.stream().numerics_id());
}

TEST_F(ServerRowSourceTest, FeaturesOfAnotherSpaceAreRefusedByTheServersWords) {
  FakeServer server([](FakeCall&) {
    return client::MakeError({.code = grpc::StatusCode::FAILED_PRECONDITION,
                              .message = "the feature space differs",
                              .reason = v1::ERROR_REASON_FEATURE_SPACE_MISMATCH,
                              .metadata = {{"expected", "aaaa"}, {"actual", "bbbb"}}});
  });
  ServerRowSource source(Options(server, "sample@1"));
  const auto streamed = source.Take(Query(), progress_);
  EXPECT_EQ(streamed.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(streamed.status().message(), HasSubstr("aaaa"));
  EXPECT_THAT(streamed.status().message(), HasSubstr("bbbb"));
}

TEST_F(ServerRowSourceTest, AWrongReferenceIsRefusedBeforeAnyCall) {
  ServerRowSource source(Options(server_, "sample@x"));
  EXPECT_EQ(source.Take(Query(), progress_).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(ServerRowSourceTest, StoppingEndsTheStream) {
  progress_.stop_after = 1;
  ServerRowSource source(Options(server_, "sample@1"));
  EXPECT_EQ(source.Take(Query(), progress_).status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace tailcast::retrain
