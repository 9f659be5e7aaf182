#include "client/cli/generate/remote_row_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "core/contract/address.h"
#include "tests/client/library/fake_server.h"
#include "tests/client/library/fake_table.h"

namespace tailcast::generate {
namespace {

using client::FakeServer;
using client::FakeTable;
using ::testing::AllOf;
using ::testing::HasSubstr;

// A replica that serves one table, and describes its bundle with these training rows per class.
class Replica {
 public:
  Replica(const FakeTable& table, const std::vector<int64_t>& counts)
      : server_([&table](client::FakeCall& call) { return client::ServeAll(table, call); }) {
    v1::Bundle bundle;
    bundle.set_name(table.stream().bundle());
    bundle.set_digest(table.stream().bundle_digest());
    for (const int64_t count : counts) bundle.add_training_image_counts(count);
    server_.set_bundle(bundle);
    server_.set_estimate(table.Header());
  }

  FakeServer& server() { return server_; }

 private:
  FakeServer server_;
};

StreamChoice Choice() {
  StreamChoice choice;
  choice.bundle = "fake@1";
  choice.plan_rule = "ratio=1";
  return choice;
}

RemoteRowOptions Options(const std::vector<std::string>& servers) {
  RemoteRowOptions options;
  options.failover.servers = servers;
  options.failover.retry.retry_for = absl::Seconds(5);
  return options;
}

class RemoteRowSourceTest : public ::testing::Test {
 protected:
  // What a source that is opened at both replicas, B first, reads and from where.
  void ExpectRowsOfA(const std::optional<v1::GenerateHeader>& pinned) {
    RemoteRowOptions options = Options({b_.server().address(), a_.server().address()});
    options.expected_address = *DigestFromBytes(table_a_.Header().address());
    const auto source = OpenRemoteRows(options, Choice(), pinned);
    ASSERT_TRUE(source.ok()) << source.status();
    EXPECT_EQ((*source)->header().address(), table_a_.Header().address());
    EXPECT_TRUE((*source)->EstimateRowsPerSecond().ok());
    std::vector<int32_t> classes;
    const absl::Status read = (*source)->Read(0, 50, [&](const RowBlock& block) {
      classes.insert(classes.end(), block.class_indices.begin(), block.class_indices.end());
      return absl::OkStatus();
    });
    EXPECT_TRUE(read.ok()) << read;
    EXPECT_EQ(classes, table_a_.Classes(FakeTable::Rows(ShardRows({}, 0), 0, 50)));
  }

  const FakeTable table_a_{1}, table_b_{2};
  Replica a_{table_a_, {9, 9, 9, 9}}, b_{table_b_, {5, 5, 5}};
};

TEST_F(RemoteRowSourceTest, AnExpectedAddressIsSoughtAtEveryReplica) {
  ExpectRowsOfA(/*pinned=*/std::nullopt);
}

TEST_F(RemoteRowSourceTest, AnEarlierStreamIsContinuedWhereItIsServed) {
  ExpectRowsOfA(table_a_.Header());
}

TEST_F(RemoteRowSourceTest, AnAddressThatNobodyHasIsAMismatch) {
  RemoteRowOptions options = Options({b_.server().address(), a_.server().address()});
  options.expected_address = Digest{};
  const absl::Status status = OpenRemoteRows(options, Choice(), std::nullopt).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(AddressText(*options.expected_address)),
                    HasSubstr(AddressText(*DigestFromBytes(table_a_.Header().address())))));
}

TEST_F(RemoteRowSourceTest, AStopEndsTheWaitForAnAnswerAtOnce) {
  a_.server().HoldEstimates();
  std::stop_source stop;
  RemoteRowOptions options = Options({a_.server().address()});
  options.failover.stop = stop.get_token();
  absl::Time stopped_at;
  const std::jthread stopper([&](const std::stop_token& over) {
    while (a_.server().estimate_count() == 0 && !over.stop_requested())
      absl::SleepFor(absl::Milliseconds(2));
    stopped_at = absl::Now();
    stop.request_stop();
  });
  EXPECT_EQ(OpenRemoteRows(options, Choice(), std::nullopt).status().code(),
            absl::StatusCode::kCancelled);
  EXPECT_LT(absl::Now() - stopped_at, absl::Seconds(5));  // an attempt waits 20
}

}  // namespace
}  // namespace tailcast::generate
