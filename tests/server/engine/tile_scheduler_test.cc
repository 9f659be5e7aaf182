#include "server/engine/tile_scheduler.h"

#include <gtest/gtest.h>

#include <new>
#include <random>
#include <thread>

#include "server/rpc/errors.h"
#include "tests/server/engine/row_streams.h"

namespace tailcast::engine {
namespace {

constexpr absl::Duration kLong = absl::Seconds(30);

// Kernels that find no memory.
class ThrowingProgram final : public stream::SamplerProgram {
 public:
  absl::Status RunTile(absl::Span<const stream::TileRow>, int32_t, absl::FunctionRef<bool()>,
                       absl::Span<float>) const override {
    throw std::bad_alloc();
  }
  absl::StatusOr<std::shared_ptr<const stream::SamplerProgram>> WithSampler(
      const SamplerSpec&) const override {
    return std::make_shared<const ThrowingProgram>();
  }
  int64_t feature_dim() const override { return 4; }
  int64_t num_classes() const override { return 6; }
  const SamplerSpec& spec() const override { return spec_; }
  double row_flops() const override { return 1e6; }

 private:
  const SamplerSpec spec_;
};

TEST(TileSchedulerTest, DeliversTheRowsThatWereAskedFor) {
  const TestProgram program = MakeProgram();
  const auto stream = MakeStream(program, {.start_row = 5});
  TileScheduler scheduler({.num_workers = 2});
  const auto [job, result] = MakeJob(stream, 7, 300);

  ASSERT_TRUE(scheduler.Submit(job).ok());

  ASSERT_TRUE(result->done.WaitForNotificationWithTimeout(kLong));
  ExpectRows(*stream, 7, 300, result->block);
}

TEST(TileSchedulerTest, ShardsAndPositionsOfManyStreamsAreKeptApart) {
  const TestProgram program = MakeProgram();
  TileScheduler scheduler({.num_workers = 3});
  std::mt19937 random(5);
  struct Asked {
    std::shared_ptr<const RowStream> stream;
    int64_t first, count;
    std::shared_ptr<JobResult> result;
  };
  std::vector<Asked> asked;
  program.fake->CloseGate();
  for (int i = 0; i < 200; ++i) {
    const Shard shard = {.index = static_cast<int32_t>(random() % 3),
                         .count = 3,
                         .block_rows = 1 + static_cast<int64_t>(random() % 9),
                         .origin_row = 0};
    const auto stream = MakeStream(program, {.caller = std::to_string(random() % 7),
                                             .seed = static_cast<int64_t>(random() % 5),
                                             .start_row = static_cast<int64_t>(random() % 50),
                                             .shard = shard});
    const int64_t first = random() % 100, count = 1 + random() % 90;
    auto [job, result] = MakeJob(stream, first, count);
    ASSERT_TRUE(scheduler.Submit(job).ok());
    asked.push_back({stream, first, count, result});
  }
  program.fake->OpenGate();

  for (const Asked& one : asked) {
    ASSERT_TRUE(one.result->done.WaitForNotificationWithTimeout(kLong));
    ExpectRows(*one.stream, one.first, one.count, one.result->block);
  }
  EXPECT_GT(scheduler.counters().shared_tiles, 0);
}

TEST(TileSchedulerTest, AlignedTilesGiveTheSameRows) {
  const TestProgram program =
      MakeProgram({}, stream::NumericsOf(stream::Invariance::kAlignedTile, {16}));
  const auto stream =
      MakeStream(program, {.start_row = 3, .shard = {.index = 1, .count = 2, .block_rows = 32}});
  TileScheduler scheduler({.num_workers = 2});
  const auto [job, result] = MakeJob(stream, 5, 100);

  ASSERT_TRUE(scheduler.Submit(job).ok());

  ASSERT_TRUE(result->done.WaitForNotificationWithTimeout(kLong));
  ExpectRows(*stream, 5, 100, result->block);
}

TEST(TileSchedulerTest, CountsRowsPerTile) {
  const TestProgram program = MakeProgram();
  TileScheduler scheduler({.num_workers = 1});
  const auto [job, result] = MakeJob(MakeStream(program), 0, 100);

  ASSERT_TRUE(scheduler.Submit(job).ok());
  ASSERT_TRUE(result->done.WaitForNotificationWithTimeout(kLong));
  scheduler.Shutdown();

  const SchedulerCounters counters = scheduler.counters();
  EXPECT_EQ(counters.tiles, 2);
  EXPECT_EQ(counters.rows, 100);
  EXPECT_EQ(counters.computed_rows, 128);  // 64, and 64 for the other 36
  EXPECT_EQ(counters.shared_tiles, 0);
  EXPECT_DOUBLE_EQ(counters.rows_per_tile(), 50.0);
}

TEST(TileSchedulerTest, RefusesNewCallsAtTheLimitPlusOne) {
  const TestProgram program = MakeProgram();
  TileScheduler scheduler({.num_workers = 1, .max_queued_rows = 100});
  program.fake->CloseGate();
  const auto running = MakeJob(MakeStream(program), 0, 1);
  ASSERT_TRUE(scheduler.Submit(running.first).ok());
  program.fake->AwaitTiles(1);
  const auto waiting = MakeJob(MakeStream(program), 0, 60);
  ASSERT_TRUE(scheduler.Submit(waiting.first).ok());

  EXPECT_TRUE(scheduler.AdmitRows(40).ok());
  const absl::Status refused = scheduler.AdmitRows(41);

  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(rpc::ErrorReasonOf(refused), "QUEUE_FULL");
  program.fake->OpenGate();
}

TEST(TileSchedulerTest, AnEmptyQueueTakesWhatIsLargerThanTheLimit) {
  TileScheduler scheduler({.num_workers = 1, .max_queued_rows = 100});
  EXPECT_TRUE(scheduler.AdmitRows(1000).ok());
}

TEST(TileSchedulerTest, APaddedTileDoesNotMakeRowsLookDear) {
  // 64 rows at once and 1 row padded to 64 take equally long.
  const TestProgram program = MakeProgram({.num_steps = 1, .step_time = absl::Milliseconds(64)},
                                          stream::NumericsOf(stream::Invariance::kRow, {64}));
  TileScheduler scheduler({.num_workers = 1});
  for (int i = 0; i < 5; ++i) {
    const auto [job, result] = MakeJob(MakeStream(program), 0, 1);
    ASSERT_TRUE(scheduler.Submit(job).ok());
    ASSERT_TRUE(result->done.WaitForNotificationWithTimeout(kLong));
  }
  scheduler.Shutdown();
  EXPECT_LT(program.shared->seconds_per_row(), 4e-3);  // a millisecond, on a busy machine more
}

TEST(TileSchedulerTest, RefusesTasksAtTheLimitPlusOne) {
  const TestProgram program = MakeProgram();
  TileScheduler scheduler({.num_workers = 1, .max_queued_tasks = 2});
  program.fake->CloseGate();
  ASSERT_TRUE(scheduler.Submit(MakeJob(MakeStream(program), 0, 1).first).ok());
  program.fake->AwaitTiles(1);
  const auto submit = [&scheduler] {
    auto task = std::make_shared<Task>();
    task->run = [](const absl::Status&) {};
    return scheduler.Submit(std::move(task));
  };
  EXPECT_TRUE(submit().ok());
  EXPECT_TRUE(submit().ok());

  const absl::Status refused = submit();

  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(rpc::ErrorReasonOf(refused), "QUEUE_FULL");
  program.fake->OpenGate();
}

TEST(TileSchedulerTest, ACancelledTileStopsBeforeTheNextStep) {
  const TestProgram program = MakeProgram({.num_steps = 1000});
  TileScheduler scheduler({.num_workers = 1});
  std::stop_source stop;
  const auto [job, result] = MakeJob(MakeStream(program, {.stop = stop.get_token()}), 0, 10);
  program.fake->CloseGate();
  ASSERT_TRUE(scheduler.Submit(job).ok());
  program.fake->AwaitTiles(1);
  stop.request_stop();
  const int64_t steps = program.fake->steps();
  program.fake->OpenGate();

  ASSERT_TRUE(result->done.WaitForNotificationWithTimeout(kLong));

  EXPECT_EQ(result->block.status().code(), absl::StatusCode::kCancelled);
  EXPECT_LE(program.fake->steps(), steps + 1);
}

TEST(TileSchedulerTest, ATileGoesOnWhileOneOfItsStreamsIsWanted) {
  const TestProgram program = MakeProgram();
  TileScheduler scheduler({.num_workers = 1});
  std::stop_source stop;
  program.fake->CloseGate();
  // The first tile occupies the worker, so that the next two jobs meet in one.
  const auto first = MakeJob(MakeStream(program), 0, 1);
  ASSERT_TRUE(scheduler.Submit(first.first).ok());
  program.fake->AwaitTiles(1);
  const auto unwanted =
      MakeJob(MakeStream(program, {.caller = "a", .stop = stop.get_token()}), 0, 10);
  const auto wanted_stream = MakeStream(program, {.caller = "b", .seed = 3});
  const auto wanted = MakeJob(wanted_stream, 0, 10);
  ASSERT_TRUE(scheduler.Submit(unwanted.first).ok());
  ASSERT_TRUE(scheduler.Submit(wanted.first).ok());
  program.fake->OpenGate();
  program.fake->AwaitTiles(2);
  stop.request_stop();

  ASSERT_TRUE(wanted.second->done.WaitForNotificationWithTimeout(kLong));
  ExpectRows(*wanted_stream, 0, 10, wanted.second->block);
}

// Rows of `bad` fail with `code`; those of a sound program, side by side with them, do not.
void ExpectOnlyItsJobsFail(const TestProgram& bad, absl::StatusCode code) {
  const TestProgram good = MakeProgram();
  TileScheduler scheduler({.num_workers = 2});
  const auto failing = MakeJob(MakeStream(bad), 0, 500);
  const auto stream = MakeStream(good);
  const auto working = MakeJob(stream, 0, 500);

  ASSERT_TRUE(scheduler.Submit(failing.first).ok());
  ASSERT_TRUE(scheduler.Submit(working.first).ok());

  ASSERT_TRUE(failing.second->done.WaitForNotificationWithTimeout(kLong));
  ASSERT_TRUE(working.second->done.WaitForNotificationWithTimeout(kLong));
  EXPECT_EQ(failing.second->block.status().code(), code);
  ExpectRows(*stream, 0, 500, working.second->block);
}

TEST(TileSchedulerTest, AFailingKernelFailsItsJobsAndNoOthers) {
  const TestProgram bad = MakeProgram();
  bad.fake->FailFromNowOn();
  ExpectOnlyItsJobsFail(bad, absl::StatusCode::kInternal);
}

TEST(TileSchedulerTest, ATileThatThrowsFailsItsJobsAndNoOthers) {
  for (const auto invariance : {stream::Invariance::kRow, stream::Invariance::kAlignedTile}) {
    const TestProgram bad = {
        .fake = nullptr,
        .shared = std::make_shared<const SharedProgram>(
            std::make_shared<const ThrowingProgram>(), stream::NumericsOf(invariance, {16}), 1e-3)};
    ExpectOnlyItsJobsFail(bad, absl::StatusCode::kResourceExhausted);
  }
}

TEST(TileSchedulerTest, AChunkThatFindsNoMemoryFailsOnEveryWorkerAndBlocksNone) {
  // More bytes than addresses.
  const TestProgram bad = MakeProgram({.feature_dim = int64_t{1} << 55});
  const TestProgram good = MakeProgram();
  TileScheduler scheduler({.num_workers = 2});
  const auto failing = MakeJob(MakeStream(bad), 0, 300);
  ASSERT_TRUE(scheduler.Submit(failing.first).ok());
  ASSERT_TRUE(failing.second->done.WaitForNotificationWithTimeout(kLong));
  EXPECT_EQ(failing.second->block.status().code(), absl::StatusCode::kResourceExhausted);

  const auto stream = MakeStream(good);
  const auto working = MakeJob(stream, 0, 500);
  ASSERT_TRUE(scheduler.Submit(working.first).ok());

  ASSERT_TRUE(working.second->done.WaitForNotificationWithTimeout(kLong));
  ExpectRows(*stream, 0, 500, working.second->block);
}

TEST(TileSchedulerTest, ADeadlineDuringATileIsNoCancel) {
  const TestProgram program = MakeProgram({.num_steps = 1000, .step_time = absl::Milliseconds(5)});
  TileScheduler scheduler({.num_workers = 1});
  const auto [job, result] =
      MakeJob(MakeStream(program, {.deadline = absl::Now() + absl::Milliseconds(200)}), 0, 10);

  ASSERT_TRUE(scheduler.Submit(job).ok());

  ASSERT_TRUE(result->done.WaitForNotificationWithTimeout(kLong));
  EXPECT_GT(program.fake->steps(), 0) << "the tile has begun";
  EXPECT_EQ(result->block.status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(TileSchedulerTest, ATaskThatThrowsCostsNoWorker) {
  TileScheduler scheduler({.num_workers = 1});
  auto throwing = std::make_shared<Task>();
  throwing->run = [](const absl::Status&) { throw std::bad_alloc(); };
  absl::Notification done;
  auto next = std::make_shared<Task>();
  next->run = [&done](const absl::Status& status) {
    EXPECT_TRUE(status.ok());
    done.Notify();
  };

  ASSERT_TRUE(scheduler.Submit(throwing).ok());
  ASSERT_TRUE(scheduler.Submit(next).ok());

  EXPECT_TRUE(done.WaitForNotificationWithTimeout(kLong));
}

TEST(TileSchedulerTest, RunsTasksOnWorkers) {
  TileScheduler scheduler({.num_workers = 1});
  absl::Notification done;
  std::thread::id thread;
  auto task = std::make_shared<Task>();
  task->run = [&](const absl::Status& status) {
    EXPECT_TRUE(status.ok());
    thread = std::this_thread::get_id();
    done.Notify();
  };

  ASSERT_TRUE(scheduler.Submit(task).ok());

  ASSERT_TRUE(done.WaitForNotificationWithTimeout(kLong));
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST(TileSchedulerTest, ShutdownEndsWhatWaitsAndFinishesWhatRuns) {
  const TestProgram program = MakeProgram();
  TileScheduler scheduler({.num_workers = 1});
  program.fake->CloseGate();
  const auto running = MakeJob(MakeStream(program), 0, 10);
  ASSERT_TRUE(scheduler.Submit(running.first).ok());
  program.fake->AwaitTiles(1);
  const auto waiting = MakeJob(MakeStream(program), 0, 10);
  ASSERT_TRUE(scheduler.Submit(waiting.first).ok());
  std::thread opener([&] {
    ASSERT_TRUE(waiting.second->done.WaitForNotificationWithTimeout(kLong));
    program.fake->OpenGate();
  });

  scheduler.Shutdown();
  opener.join();

  EXPECT_EQ(waiting.second->block.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(running.second->block.ok());
  const auto late = MakeJob(MakeStream(program), 0, 10);
  const absl::Status refused = scheduler.Submit(late.first);
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(rpc::ErrorReasonOf(refused), "DRAINING");
  // Who submits may hold a lock that the job's end would take.
  EXPECT_FALSE(late.second->done.HasBeenNotified());
}

}  // namespace
}  // namespace tailcast::engine
