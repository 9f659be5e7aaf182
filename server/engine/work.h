#ifndef TAILCAST_SERVER_ENGINE_WORK_H_
#define TAILCAST_SERVER_ENGINE_WORK_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "core/contract/shard.h"
#include "core/stream/resolved_stream.h"
#include "server/engine/shared_program.h"

namespace tailcast::engine {

// For whom work is done, and until when it is wanted.
struct CallContext {
  // Work is shared out fairly between callers: rpc::CallerOf() the connection's peer.
  std::string caller;
  std::stop_token stop;
  absl::Time deadline = absl::InfiniteFuture();

  // OK while the result is wanted; else CANCELLED or DEADLINE_EXCEEDED.
  absl::Status Wanted() const;
};

// Anything that a worker shall run. `run` is called exactly once: with OK on a worker, or with
// the reason why it never will (not wanted any more, shut down).
struct Task {
  CallContext context;
  // A guess that decides its place; the caller is charged what it really took.
  double estimated_seconds = 0.0;
  absl::AnyInvocable<void(absl::Status)> run;
};

// What the rows of one call have in common. Immutable; shared by its jobs.
struct RowStream {
  CallContext context;
  std::shared_ptr<const SharedProgram> program;
  stream::ResolvedStream stream;
  // Position -> row.
  ShardRows rows;
};

// Finished rows, in the order of their positions. Shapes: n rows, D feature_dim.
struct RowBlock {
  std::vector<int64_t> rows;           // [n] index in the stream
  std::vector<int32_t> class_indices;  // [n]
  std::unique_ptr<float[]> features;   // [n, D]
};

// Consecutive positions of one stream that are wanted together: a chunk. The queue hands it out in
// pieces, which workers compute in any order and at the same time.
class RowJob {
 public:
  // Called exactly once, on a worker's thread or that of whoever drops the job.
  using Done = absl::AnyInvocable<void(absl::StatusOr<RowBlock>)>;

  RowJob(std::shared_ptr<const RowStream> stream, int64_t first_position, int64_t row_count,
         Done done);

  const RowStream& stream() const { return *stream_; }
  int64_t row_count() const { return row_count_; }
  // Index in the stream of the job's row `index`.
  int64_t RowAt(int64_t index) const { return stream_->rows.RowAt(first_position_ + index); }
  // The same for rows `index`, index + 1, ...
  void ReadRows(int64_t index, absl::Span<int64_t> rows) const {
    stream_->rows.ReadRows(first_position_ + index, rows);
  }

  // OK while its rows are wanted.
  absl::Status Wanted() const;

  // Hands out the next `count` rows and returns the index of the first. Under the queue's lock.
  int64_t Take(int64_t count) { return std::exchange(taken_, taken_ + count); }
  int64_t untaken() const { return row_count_ - taken_; }

  // Where a worker puts the rows that it took. Pieces do not overlap. Memory is taken by the first
  // worker that asks, so that what waits in the queue costs next to nothing; throws
  // std::bad_alloc if there is none.
  RowBlock& block();

  // `count` rows are in place; the last one delivers the block.
  void Finished(int64_t count);
  // Ends the job with an error; ignored if it has ended.
  void Fail(absl::Status status);

 private:
  const std::shared_ptr<const RowStream> stream_;
  const int64_t first_position_;
  const int64_t row_count_;
  int64_t taken_ = 0;
  absl::Mutex allocation_mu_;
  RowBlock block_;
  std::atomic<int64_t> unfinished_;
  std::atomic<bool> failed_ = false;
  Done done_;
};

}  // namespace tailcast::engine

#endif  // TAILCAST_SERVER_ENGINE_WORK_H_
