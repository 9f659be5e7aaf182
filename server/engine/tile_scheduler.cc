#include "server/engine/tile_scheduler.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/tensor/compute_threads.h"
#include "core/tensor/torch_status.h"
#include "server/rpc/errors.h"
#include "server/rpc/limits.h"
#include "server/telemetry/logging.h"

namespace tailcast::engine {
namespace {

constexpr absl::Duration kMinRetry = absl::Milliseconds(100);
constexpr absl::Duration kMaxRetry = absl::Seconds(30);

// Whatever a task throws ends here: the worker has other callers.
void RunToEnd(Task& task, const absl::Status& status) {
  const absl::Status end = CatchTorchErrors([&] {
    task.run(status);
    return absl::OkStatus();
  });
  if (end.ok()) return;
  telemetry::Log(telemetry::LogLevel::kError, "a task threw",
                 {{"caller", task.context.caller}, {"cause", end.ToString()}});
}

}  // namespace

TileScheduler::TileScheduler(const SchedulerOptions& options) : options_(options) {
  for (int i = 0; i < options_.num_workers; ++i) workers_.emplace_back([this] { Work(); });
}

TileScheduler::~TileScheduler() { Shutdown(); }

absl::Status TileScheduler::AdmitRows(int64_t row_count) const {
  absl::MutexLock lock(&mu_);
  const int64_t would_be = queue_.queued_rows() + row_count;
  // An empty queue takes any call, so that no chunk is too large for the limit.
  if (would_be <= options_.max_queued_rows || queue_.queued_rows() == 0) return absl::OkStatus();
  return rpc::QueueFull("max_queued_rows", options_.max_queued_rows, would_be, RetryDelay());
}

absl::Duration TileScheduler::RetryDelay() const {
  return std::clamp(absl::Seconds(QueueSecondsLocked()), kMinRetry, kMaxRetry);
}

absl::Status TileScheduler::Submit(std::shared_ptr<RowJob> job) {
  absl::MutexLock lock(&mu_);
  if (shutdown_) return rpc::Draining(rpc::kRetryWhenDraining);
  queue_.Push(std::move(job));
  // A chunk has rows for several workers.
  work_came_.SignalAll();
  return absl::OkStatus();
}

absl::Status TileScheduler::Submit(std::shared_ptr<Task> task) {
  absl::MutexLock lock(&mu_);
  if (shutdown_) return rpc::Draining(rpc::kRetryWhenDraining);
  const int64_t would_be = queue_.queued_tasks() + 1;
  if (would_be > options_.max_queued_tasks) {
    return rpc::QueueFull("max_queued_tasks", options_.max_queued_tasks, would_be, RetryDelay());
  }
  queue_.Push(std::move(task));
  work_came_.Signal();
  return absl::OkStatus();
}

double TileScheduler::QueueSeconds() const {
  absl::MutexLock lock(&mu_);
  return QueueSecondsLocked();
}

double TileScheduler::QueueSecondsLocked() const {
  return queue_.QueuedSeconds() / options_.num_workers;
}

SchedulerCounters TileScheduler::counters() const {
  absl::MutexLock lock(&mu_);
  return counters_;
}

void TileScheduler::Shutdown() {
  Assignment rest;
  {
    absl::MutexLock lock(&mu_);
    shutdown_ = true;
    rest = queue_.RemoveAll();
    work_came_.SignalAll();
  }
  EndDropped(rest, rpc::Draining(rpc::kRetryWhenDraining));
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

void TileScheduler::Work() {
  UseOneComputeThread();
  TileRunner runner;
  while (true) {
    Assignment assignment;
    {
      absl::MutexLock lock(&mu_);
      assignment = queue_.Next();
      const bool nothing =
          assignment.empty() && assignment.dropped_jobs.empty() && assignment.dropped_tasks.empty();
      if (nothing) {
        if (shutdown_) return;
        work_came_.Wait(&mu_);
        continue;
      }
    }
    Run(std::move(assignment), runner);
  }
}

void TileScheduler::Run(Assignment assignment, TileRunner& runner) {
  EndDropped(assignment, absl::CancelledError("the call is over"));
  if (assignment.tile != nullptr) RunTile(*assignment.tile, runner);
  if (assignment.task != nullptr) RunTask(*assignment.task);
}

void TileScheduler::RunTile(const Tile& tile, TileRunner& runner) {
  const absl::Time start = absl::Now();
  const TileOutcome outcome = runner.Run(tile);
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  if (outcome.status.ok()) tile.program->ObserveTile(seconds, outcome.computed_rows);
  const RowStream* const first = &tile.pieces.front().job->stream();
  const bool shared =
      std::any_of(tile.pieces.begin(), tile.pieces.end(),
                  [first](const TilePiece& piece) { return &piece.job->stream() != first; });
  absl::MutexLock lock(&mu_);
  counters_.tiles += 1;
  counters_.computed_rows += outcome.computed_rows;
  counters_.shared_tiles += shared ? 1 : 0;
  counters_.rows += outcome.status.ok() ? tile.row_count : 0;
  counters_.abandoned_tiles += absl::IsCancelled(outcome.status) ? 1 : 0;
}

void TileScheduler::RunTask(Task& task) {
  const absl::Time start = absl::Now();
  RunToEnd(task, absl::OkStatus());
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  absl::MutexLock lock(&mu_);
  queue_.Charge(task.context.caller, seconds - task.estimated_seconds);
}

void TileScheduler::EndDropped(Assignment& assignment, const absl::Status& status) {
  int64_t rows = 0;
  for (const auto& job : assignment.dropped_jobs) {
    rows += job->untaken();
    const absl::Status wanted = job->Wanted();
    job->Fail(wanted.ok() ? status : wanted);
  }
  for (const auto& task : assignment.dropped_tasks) {
    const absl::Status wanted = task->context.Wanted();
    RunToEnd(*task, wanted.ok() ? status : wanted);
  }
  assignment.dropped_jobs.clear();
  assignment.dropped_tasks.clear();
  if (rows == 0) return;
  absl::MutexLock lock(&mu_);
  counters_.dropped_rows += rows;
}

}  // namespace tailcast::engine
