#include "server/rpc/call_registry.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "server/rpc/errors.h"

namespace tailcast::rpc {
namespace {

class RecordingCall : public EndableCall {
 public:
  void End(absl::Status status) override { ended_with = std::move(status); }
  void EndIfStalled(absl::Time, absl::Duration limit) override {
    EXPECT_EQ(limit, absl::Milliseconds(50));
    if (!looked.HasBeenNotified()) looked.Notify();
  }
  std::optional<absl::Status> ended_with;
  absl::Notification looked;
};

TEST(CallRegistryTest, CountsCallsWhileTheirTicketsLive) {
  CallRegistry registry({.max_streams = 10});
  {
    const auto stream = registry.AdmitStream("someone");
    const auto unary = registry.AdmitUnary();
    ASSERT_TRUE(stream.ok() && unary.ok());
    EXPECT_EQ(registry.living(), 2);
    EXPECT_EQ(registry.open_streams(), 1);
  }
  EXPECT_EQ(registry.living(), 0);
  EXPECT_EQ(registry.open_streams(), 0);
}

TEST(CallRegistryTest, AMovedTicketCountsOnce) {
  CallRegistry registry({.max_streams = 10});
  auto first = registry.AdmitStream("someone");
  std::optional<CallRegistry::Ticket> second(*std::move(first));
  EXPECT_EQ(registry.living(), 1);
  second.reset();
  EXPECT_EQ(registry.living(), 0);
}

TEST(CallRegistryTest, RefusesStreamsAboveTheLimitButNotOtherCalls) {
  CallRegistry registry({.max_streams = 2});
  auto one = registry.AdmitStream("someone"), two = registry.AdmitStream("someone");
  ASSERT_TRUE(one.ok() && two.ok());

  const auto three = registry.AdmitStream("someone");

  EXPECT_EQ(three.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReasonOf(three.status()), "LIMIT_EXCEEDED");
  EXPECT_NE(three.status().message().find("max_streams is 2"), std::string::npos);
  EXPECT_TRUE(registry.AdmitUnary().ok());
  one = absl::UnknownError("gone");
  EXPECT_TRUE(registry.AdmitStream("someone").ok());
}

TEST(CallRegistryTest, OneCallerMayNotTakeAllStreams) {
  CallRegistry registry({.max_streams = 10, .max_streams_per_caller = 2});
  auto one = registry.AdmitStream("a"), two = registry.AdmitStream("a");
  ASSERT_TRUE(one.ok() && two.ok());

  const auto three = registry.AdmitStream("a");

  EXPECT_EQ(three.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReasonOf(three.status()), "LIMIT_EXCEEDED");
  EXPECT_NE(three.status().message().find("max_streams_per_caller is 2"), std::string::npos);
  EXPECT_TRUE(registry.AdmitStream("b").ok());
  one = absl::UnknownError("gone");
  EXPECT_TRUE(registry.AdmitStream("a").ok());
}

TEST(CallRegistryTest, LooksForStalledCalls) {
  const auto call = std::make_shared<RecordingCall>();
  CallRegistry registry({.idle_timeout = absl::Milliseconds(50)});
  auto ticket = registry.AdmitStream("someone");
  ticket->Endable(call);
  ASSERT_TRUE(call->looked.WaitForNotificationWithTimeout(absl::Seconds(10)));
}

TEST(CallRegistryTest, DrainEndsRunningCallsAndRefusesNewOnes) {
  CallRegistry registry({.max_streams = 2});
  const auto call = std::make_shared<RecordingCall>();
  auto ticket = registry.AdmitStream("someone");
  ticket->Endable(call);

  registry.Drain();

  ASSERT_TRUE(call->ended_with.has_value());
  EXPECT_EQ(ErrorReasonOf(*call->ended_with), "DRAINING");
  EXPECT_EQ(registry.AdmitUnary().status().code(), absl::StatusCode::kUnavailable);
}

TEST(CallRegistryTest, ACallThatBecomesEndableAfterTheDrainIsEndedAtOnce) {
  CallRegistry registry({.max_streams = 2});
  auto ticket = registry.AdmitStream("someone");
  registry.Drain();
  const auto call = std::make_shared<RecordingCall>();

  ticket->Endable(call);

  ASSERT_TRUE(call->ended_with.has_value());
}

TEST(CallRegistryTest, AwaitsTheLastCall) {
  CallRegistry registry({.max_streams = 2});
  auto ticket = registry.AdmitUnary();
  EXPECT_FALSE(registry.AwaitIdle(absl::Now() + absl::Milliseconds(10)));
  std::thread releaser([&] { ticket = absl::UnknownError("gone"); });
  EXPECT_TRUE(registry.AwaitIdle(absl::Now() + absl::Seconds(10)));
  releaser.join();
}

}  // namespace
}  // namespace tailcast::rpc
