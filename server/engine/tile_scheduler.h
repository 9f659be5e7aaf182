#ifndef TAILCAST_SERVER_ENGINE_TILE_SCHEDULER_H_
#define TAILCAST_SERVER_ENGINE_TILE_SCHEDULER_H_

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "server/engine/fair_queue.h"
#include "server/engine/tile_runner.h"
#include "server/engine/work.h"

namespace tailcast::engine {

struct SchedulerOptions {
  // One thread each, with one intra-op thread: parallel over tiles.
  int num_workers = 1;
  // New calls are refused while more rows wait. Running calls are bounded by their own windows.
  int64_t max_queued_rows = 1 << 20;
  // Tasks (calls of Encode, compiling of samplers) are refused while so many wait; each may hold
  // 3 MiB of images.
  int64_t max_queued_tasks = 64;
};

// What the workers did since the start.
struct SchedulerCounters {
  int64_t tiles = 0;
  // Rows delivered.
  int64_t rows = 0;
  // Rows through the kernels: `rows`, padding and aligned neighbours.
  int64_t computed_rows = 0;
  // Tiles with rows of more than one stream.
  int64_t shared_tiles = 0;
  // Tiles given up because none of their rows was wanted any more.
  int64_t abandoned_tiles = 0;
  // Rows that were dropped before they cost anything.
  int64_t dropped_rows = 0;

  double rows_per_tile() const {
    return tiles == 0 ? 0.0 : static_cast<double>(rows) / static_cast<double>(tiles);
  }
};

// Turns waiting rows into tiles and runs them, and tasks, on one worker per processor. Thread-safe;
// no method but Shutdown() waits for work.
class TileScheduler {
 public:
  explicit TileScheduler(const SchedulerOptions& options);
  // As Shutdown().
  ~TileScheduler();

  // RESOURCE_EXHAUSTED, QUEUE_FULL if `row_count` more rows would not fit: ask once per call.
  absl::Status AdmitRows(int64_t row_count) const ABSL_LOCKS_EXCLUDED(mu_);

  // Takes the job over, or returns an error and will never end it: UNAVAILABLE, DRAINING after
  // Shutdown().
  absl::Status Submit(std::shared_ptr<RowJob> job) ABSL_LOCKS_EXCLUDED(mu_);
  // The same; also RESOURCE_EXHAUSTED, QUEUE_FULL if max_queued_tasks wait.
  absl::Status Submit(std::shared_ptr<Task> task) ABSL_LOCKS_EXCLUDED(mu_);

  // Until work that came now would begin.
  double QueueSeconds() const ABSL_LOCKS_EXCLUDED(mu_);
  SchedulerCounters counters() const ABSL_LOCKS_EXCLUDED(mu_);
  int num_workers() const { return options_.num_workers; }

  // Fails what waits with UNAVAILABLE, DRAINING and joins the workers.
  void Shutdown() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  void Work();
  void Run(Assignment assignment, TileRunner& runner);
  void RunTile(const Tile& tile, TileRunner& runner);
  void RunTask(Task& task);
  // Ends work that will not be done: because nobody wants it, else with `status`.
  void EndDropped(Assignment& assignment, const absl::Status& status);
  double QueueSecondsLocked() const ABSL_SHARED_LOCKS_REQUIRED(mu_);
  absl::Duration RetryDelay() const ABSL_SHARED_LOCKS_REQUIRED(mu_);

  const SchedulerOptions options_;
  mutable absl::Mutex mu_;
  absl::CondVar work_came_;
  FairQueue queue_ ABSL_GUARDED_BY(mu_);
  bool shutdown_ ABSL_GUARDED_BY(mu_) = false;
  SchedulerCounters counters_ ABSL_GUARDED_BY(mu_);
  std::vector<std::thread> workers_;
};

}  // namespace tailcast::engine

#endif  // TAILCAST_SERVER_ENGINE_TILE_SCHEDULER_H_
