#include "server/services/program_source.h"

#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <thread>

#include "absl/synchronization/notification.h"
#include "server/rpc/errors.h"
#include "server/rpc/limits.h"
#include "tests/fakes/fake_program.h"

namespace tailcast::services {
namespace {

constexpr absl::Duration kLong = absl::Seconds(30);

// One worker, which a task can hold up, and a bundle that counts what it compiles.
class ProgramSourceTest : public testing::Test {
 protected:
  ProgramSourceTest() {
    bundles::LoadedBundle loaded;
    loaded.compile =
        [this](
            const SamplerSpec&) -> absl::StatusOr<std::shared_ptr<const stream::SamplerProgram>> {
      ++compiled_;
      if (no_memory_) throw std::bad_alloc();
      if (!compile_error_.ok()) return compile_error_;
      return std::make_shared<const engine::FakeProgram>();
    };
    bundle_ = std::make_shared<const bundles::ServedBundle>(std::move(loaded));
  }

  void HoldWorker() {
    auto task = std::make_shared<engine::Task>();
    task->run = [this](const absl::Status&) {
      worker_is_held_.Notify();
      release_worker_.WaitForNotification();
    };
    ASSERT_TRUE(scheduler_.Submit(std::move(task)).ok());
    worker_is_held_.WaitForNotification();
  }
  void ReleaseWorker() { release_worker_.Notify(); }

  absl::Status Get(int32_t num_steps, std::stop_token stop = {}) {
    return programs_.Get(bundle_, {.num_steps = num_steps}, {.caller = "a", .stop = stop},
                         [this](auto program) {
                           absl::MutexLock lock(&mu_);
                           got_.push_back(std::move(program));
                         });
  }
  // What the calls of Get() were given, once there are so many.
  std::vector<absl::StatusOr<ProgramSource::Program>> Await(size_t count) {
    absl::MutexLock lock(&mu_);
    const auto complete = [this, count]()
                              ABSL_SHARED_LOCKS_REQUIRED(mu_) { return got_.size() >= count; };
    EXPECT_TRUE(mu_.AwaitWithTimeout(absl::Condition(&complete), kLong));
    return got_;
  }

  std::atomic<int> compiled_ = 0;
  bool no_memory_ = false;
  absl::Status compile_error_;
  std::shared_ptr<const bundles::ServedBundle> bundle_;
  absl::Notification worker_is_held_, release_worker_;
  absl::Mutex mu_;
  std::vector<absl::StatusOr<ProgramSource::Program>> got_ ABSL_GUARDED_BY(mu_);
  engine::TileScheduler scheduler_{{.num_workers = 1, .max_queued_tasks = 2}};
  ProgramSource programs_{scheduler_};
};

TEST_F(ProgramSourceTest, CompilesASamplerOnceForAllThatWait) {
  HoldWorker();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Get(5).ok());
  ASSERT_TRUE(Get(6).ok());
  ReleaseWorker();

  const auto programs = Await(11);

  EXPECT_EQ(compiled_, 2);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(programs[i].ok());
    EXPECT_EQ(*programs[i], *programs[0]);
  }
  EXPECT_NE(*programs[10], *programs[0]);
  // From now on at once.
  ASSERT_TRUE(Get(5).ok());
  EXPECT_EQ(*Await(12)[11], *programs[0]);
  EXPECT_EQ(compiled_, 2);
}

TEST_F(ProgramSourceTest, RefusesSamplersAtTheLimitPlusOne) {
  HoldWorker();
  ASSERT_TRUE(Get(5).ok());
  ASSERT_TRUE(Get(6).ok());

  const absl::Status refused = Get(7);

  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(rpc::ErrorReasonOf(refused), "QUEUE_FULL");
  EXPECT_TRUE(Get(6).ok());  // costs nothing more
  ReleaseWorker();
  for (const auto& program : Await(3)) EXPECT_TRUE(program.ok());
}

TEST_F(ProgramSourceTest, RefusesCallsOfOneSamplerAtTheLimitPlusOne) {
  HoldWorker();
  for (size_t i = 0; i < rpc::kMaxProgramWaiters; ++i) ASSERT_TRUE(Get(5).ok());

  EXPECT_EQ(rpc::ErrorReasonOf(Get(5)), "QUEUE_FULL");

  ReleaseWorker();
  Await(rpc::kMaxProgramWaiters);
}

TEST_F(ProgramSourceTest, CompilesForWhoeverStillWants) {
  HoldWorker();
  std::stop_source stop;
  ASSERT_TRUE(Get(5, stop.get_token()).ok());
  ASSERT_TRUE(Get(5).ok());
  stop.request_stop();
  ReleaseWorker();

  EXPECT_TRUE(Await(2)[1].ok());
  EXPECT_EQ(compiled_, 1);
}

TEST_F(ProgramSourceTest, DoesNotCompileWhatNobodyWants) {
  HoldWorker();
  std::stop_source stop;
  ASSERT_TRUE(Get(5, stop.get_token()).ok());
  stop.request_stop();
  ReleaseWorker();

  EXPECT_EQ(Await(1)[0].status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(compiled_, 0);
  ASSERT_TRUE(Get(5).ok());  // another may
  EXPECT_TRUE(Await(2)[1].ok());
}

TEST_F(ProgramSourceTest, ASamplerThatIsNotServedNamesItsField) {
  compile_error_ = absl::InvalidArgumentError("sampler.step_count is 5; expected [1, 4]");
  ASSERT_TRUE(Get(5).ok());
  const absl::Status status = Await(1)[0].status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(rpc::ErrorReasonOf(status), "INVALID_FIELD");
}

TEST_F(ProgramSourceTest, WhoWaitsForASamplerIsToldThatMemoryIsShort) {
  no_memory_ = true;
  ASSERT_TRUE(Get(5).ok());
  EXPECT_EQ(Await(1)[0].status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(ProgramSourceTest, AShutDownEngineCompilesNothing) {
  scheduler_.Shutdown();
  const absl::Status status = Get(5);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(rpc::ErrorReasonOf(status), "DRAINING");
}

}  // namespace
}  // namespace tailcast::services
