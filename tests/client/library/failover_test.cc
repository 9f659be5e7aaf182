#include "client/library/failover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "client/library/error.h"
#include "tests/client/library/fake_clock.h"
#include "tests/client/library/fake_server.h"

namespace tailcast::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const absl::Status kGone = absl::UnavailableError("gone");

class FailoverTest : public ::testing::Test {
 protected:
  FailoverOptions Options(std::vector<std::string> servers, absl::Duration retry_for) {
    FailoverOptions options;
    options.servers = std::move(servers);
    options.retry.retry_for = retry_for;
    options.clock = &clock_;
    return options;
  }

  absl::Status Busy(absl::Duration delay) {
    return FromGrpcStatus(MakeError({.code = grpc::StatusCode::RESOURCE_EXHAUSTED,
                                     .message = "busy",
                                     .reason = v1::ERROR_REASON_QUEUE_FULL,
                                     .retry_delay = delay}),
                          "a:1");
  }

  FakeClock clock_;
};

TEST_F(FailoverTest, DelaysDoubleUpToTheMaximumAndEndWithTheTime) {
  Failover failover(Options({"a:1"}, absl::Seconds(15)));
  absl::Status status;
  while (status.ok()) status = failover.Recover(kGone);
  const auto ms = [](int64_t value) { return absl::Milliseconds(value); };
  EXPECT_THAT(clock_.sleeps(), ElementsAre(ms(100), ms(200), ms(400), ms(800), ms(1600), ms(3200),
                                           ms(5000), ms(3700)));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("15s without progress"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("gone"));
}

TEST_F(FailoverTest, ANoticeSaysWhatGoesOnWhereAndForHowLong) {
  std::vector<RetryNotice> notices;
  FailoverOptions options = Options({"a:1", "b:2"}, absl::Milliseconds(250));
  options.on_retry = [&notices](const RetryNotice& notice) { notices.push_back(notice); };
  Failover failover(options);
  while (failover.Recover(kGone).ok()) continue;
  ASSERT_EQ(notices.size(), 2u);
  EXPECT_EQ(notices[0].failure, kGone);
  EXPECT_EQ(notices[0].next_server, "b:2");
  EXPECT_EQ(notices[0].delay, absl::Milliseconds(100));
  EXPECT_EQ(notices[0].remaining, absl::Milliseconds(250));
  EXPECT_EQ(notices[1].next_server, "a:1");
  EXPECT_EQ(notices[1].remaining, absl::Milliseconds(150));
}

TEST_F(FailoverTest, JitterShortensADelayByAtMostItsShare) {
  clock_.set_jitter(0.5);
  Failover failover(Options({"a:1"}, absl::Seconds(15)));
  ASSERT_TRUE(failover.Recover(kGone).ok());
  EXPECT_THAT(clock_.sleeps(), ElementsAre(absl::Microseconds(87500)));
}

TEST_F(FailoverTest, NoTimeMeansNoSecondAttempt) {
  Failover failover(Options({"a:1"}, absl::ZeroDuration()));
  EXPECT_EQ(failover.Recover(kGone).code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(clock_.sleeps().empty());
}

TEST_F(FailoverTest, ProgressStartsDelaysAndTimeAnew) {
  Failover failover(Options({"a:1"}, absl::Seconds(1)));
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(failover.Recover(kGone).ok());
    EXPECT_EQ(clock_.sleeps().back(), absl::Milliseconds(100));
    clock_.Advance(absl::Hours(1));
    failover.NoteProgress();
    EXPECT_EQ(failover.remaining(), absl::InfiniteDuration());
  }
}

TEST_F(FailoverTest, ServersTakeTurns) {
  Failover failover(Options({"a:1", "b:2", "c:3"}, absl::Seconds(60)));
  std::vector<std::string> order = {failover.server()};
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(failover.Recover(kGone).ok());
    order.push_back(failover.server());
  }
  EXPECT_THAT(order, ElementsAre("a:1", "b:2", "c:3", "a:1", "b:2"));
}

TEST_F(FailoverTest, TheServersDelayCountsForThatServerOnly) {
  Failover alone(Options({"a:1"}, absl::Seconds(60)));
  ASSERT_TRUE(alone.Recover(Busy(absl::Seconds(9))).ok());
  Failover two(Options({"a:1", "b:2"}, absl::Seconds(60)));
  ASSERT_TRUE(two.Recover(Busy(absl::Seconds(9))).ok());
  EXPECT_THAT(clock_.sleeps(), ElementsAre(absl::Seconds(9), absl::Milliseconds(100)));
}

TEST_F(FailoverTest, ReturnsAFinalErrorAsItIs) {
  Failover failover(Options({"a:1", "b:2"}, absl::Seconds(60)));
  const absl::Status wrong = absl::InvalidArgumentError("wrong");
  EXPECT_EQ(failover.Recover(wrong), wrong);
}

TEST_F(FailoverTest, WhoNeverTriesAgainGetsTheFailureAsItIs) {
  Failover failover(Options({"a:1", "b:2"}, absl::ZeroDuration()));
  const absl::Status busy = Busy(absl::Seconds(9));
  EXPECT_EQ(failover.Recover(busy), busy);
  EXPECT_TRUE(clock_.sleeps().empty());
}

TEST_F(FailoverTest, ALastReplicaThatDiffersIsAnError) {
  const absl::Status differs =
      FromGrpcStatus(MakeError({.code = grpc::StatusCode::FAILED_PRECONDITION,
                                .message = "differs",
                                .reason = v1::ERROR_REASON_NUMERICS_UNAVAILABLE}),
                     "a:1");
  Failover failover(Options({"a:1", "b:2"}, absl::Seconds(1)));
  ASSERT_TRUE(failover.Recover(differs).ok());
  EXPECT_EQ(failover.server(), "b:2");
  absl::Status status;
  while (status.ok()) status = failover.Recover(kGone);
  EXPECT_THAT(std::string(status.message()), HasSubstr("refused: server a:1: differs"));

  Failover alone(Options({"a:1"}, absl::Seconds(1)));
  EXPECT_EQ(alone.Recover(differs), differs);
}

TEST_F(FailoverTest, AFaultOfOneReplicaIsTheEndOnlyIfThereIsNoOther) {
  const absl::Status missing =
      FromGrpcStatus(MakeError({.code = grpc::StatusCode::NOT_FOUND,
                                .message = "no bundles/a",
                                .reason = v1::ERROR_REASON_BUNDLE_NOT_FOUND}),
                     "a:1");
  const absl::Status broken = FromGrpcStatus(MakeError({.code = grpc::StatusCode::INTERNAL,
                                                        .message = "an incident",
                                                        .reason = v1::ERROR_REASON_INTERNAL}),
                                             "a:1");
  for (const absl::Status& fault : {missing, broken, absl::DataLossError("checksum")}) {
    Failover failover(Options({"a:1", "b:2"}, absl::Seconds(60)));
    EXPECT_TRUE(failover.Recover(fault).ok());
    EXPECT_EQ(failover.server(), "b:2");
    EXPECT_EQ(failover.Recover(fault), fault);
  }
  EXPECT_TRUE(clock_.sleeps().empty());
}

TEST_F(FailoverTest, AStopEndsASleepAtOnce) {
  std::stop_source stop;
  FailoverOptions options = Options({"a:1"}, absl::Hours(1));
  options.clock = nullptr;
  options.retry.initial_delay = absl::Hours(1);
  options.stop = stop.get_token();
  Failover failover(options);
  std::jthread stopper([&stop] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    stop.request_stop();
  });
  EXPECT_EQ(failover.Recover(kGone).code(), absl::StatusCode::kCancelled);
}

TEST_F(FailoverTest, CallsUntilAnAttemptSucceeds) {
  std::vector<std::string> asked;
  const absl::Status status = CallWithFailover(Options({"a:1", "b:2"}, absl::Seconds(60)),
                                               [&asked](const std::string& server) {
                                                 asked.push_back(server);
                                                 return asked.size() < 4 ? kGone : absl::OkStatus();
                                               });
  EXPECT_TRUE(status.ok());
  EXPECT_THAT(asked, ElementsAre("a:1", "b:2", "a:1", "b:2"));
}

}  // namespace
}  // namespace tailcast::client
