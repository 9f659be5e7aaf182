#include "server/rpc/call_registry.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "server/rpc/errors.h"

namespace tailcast::rpc {
namespace {

class RecordingCall : public EndableCall {
 public:
  void End(absl::Status status) override { ended_with = std::move(status); }
  std::optional<absl::Status> ended_with;
};

TEST(CallRegistryTest, CountsCallsWhileTheirTicketsLive) {
  CallRegistry registry(/*max_streams=*/10);
  {
    const auto stream = registry.AdmitStream();
    const auto unary = registry.AdmitUnary();
    ASSERT_TRUE(stream.ok() && unary.ok());
    EXPECT_EQ(registry.living(), 2);
    EXPECT_EQ(registry.open_streams(), 1);
  }
  EXPECT_EQ(registry.living(), 0);
  EXPECT_EQ(registry.open_streams(), 0);
}

TEST(CallRegistryTest, AMovedTicketCountsOnce) {
  CallRegistry registry(/*max_streams=*/10);
  auto first = registry.AdmitStream();
  std::optional<CallRegistry::Ticket> second(*std::move(first));
  EXPECT_EQ(registry.living(), 1);
  second.reset();
  EXPECT_EQ(registry.living(), 0);
}

TEST(CallRegistryTest, RefusesStreamsAboveTheLimitButNotOtherCalls) {
  CallRegistry registry(/*max_streams=*/2);
  auto one = registry.AdmitStream(), two = registry.AdmitStream();
  ASSERT_TRUE(one.ok() && two.ok());

  const auto three = registry.AdmitStream();

  EXPECT_EQ(three.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReasonOf(three.status()), "LIMIT_EXCEEDED");
  EXPECT_TRUE(registry.AdmitUnary().ok());
  one = absl::UnknownError("gone");
  EXPECT_TRUE(registry.AdmitStream().ok());
}

TEST(CallRegistryTest, DrainEndsRunningCallsAndRefusesNewOnes) {
  CallRegistry registry(/*max_streams=*/2);
  const auto call = std::make_shared<RecordingCall>();
  auto ticket = registry.AdmitStream();
  ticket->Endable(call);

  registry.Drain();

  ASSERT_TRUE(call->ended_with.has_value());
  EXPECT_EQ(ErrorReasonOf(*call->ended_with), "DRAINING");
  EXPECT_EQ(registry.AdmitUnary().status().code(), absl::StatusCode::kUnavailable);
}

TEST(CallRegistryTest, ACallThatBecomesEndableAfterTheDrainIsEndedAtOnce) {
  CallRegistry registry(/*max_streams=*/2);
  auto ticket = registry.AdmitStream();
  registry.Drain();
  const auto call = std::make_shared<RecordingCall>();

  ticket->Endable(call);

  ASSERT_TRUE(call->ended_with.has_value());
}

TEST(CallRegistryTest, AwaitsTheLastCall) {
  CallRegistry registry(/*max_streams=*/2);
  auto ticket = registry.AdmitUnary();
  EXPECT_FALSE(registry.AwaitIdle(absl::Now() + absl::Milliseconds(10)));
  std::thread releaser([&] { ticket = absl::UnknownError("gone"); });
  EXPECT_TRUE(registry.AwaitIdle(absl::Now() + absl::Seconds(10)));
  releaser.join();
}

}  // namespace
}  // namespace tailcast::rpc
