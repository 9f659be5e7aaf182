#include "server/engine/work.h"

#include <utility>

#include "absl/time/clock.h"

namespace tailcast::engine {

absl::Status CallContext::Wanted() const {
  if (stop.stop_requested()) return absl::CancelledError("the call is over");
  // Most calls have none: save the look at the clock.
  if (deadline != absl::InfiniteFuture() && absl::Now() >= deadline) {
    return absl::DeadlineExceededError("the deadline has passed");
  }
  return absl::OkStatus();
}

RowJob::RowJob(std::shared_ptr<const RowStream> stream, int64_t first_position, int64_t row_count,
               Done done)
    : stream_(std::move(stream)),
      first_position_(first_position),
      row_count_(row_count),
      unfinished_(row_count),
      done_(std::move(done)) {}

absl::Status RowJob::Wanted() const {
  if (failed_.load(std::memory_order_relaxed)) return absl::CancelledError("the job has failed");
  return stream_->context.Wanted();
}

RowBlock& RowJob::block() {
  // Not call_once, which would wait for ever after an exception.
  absl::MutexLock lock(&allocation_mu_);
  if (block_.features != nullptr) return block_;
  const auto size = static_cast<size_t>(row_count_);
  const auto feature_dim = static_cast<size_t>(stream_->program->program().feature_dim());
  block_.rows.resize(size);
  block_.class_indices.resize(size);
  block_.features.reset(new float[size * feature_dim]);  // not zeroed: every row is written
  return block_;
}

void RowJob::Finished(int64_t count) {
  if (unfinished_.fetch_sub(count, std::memory_order_acq_rel) != count) return;
  // A failed job never comes here: the rows that failed are never finished.
  done_(std::move(block_));
  done_ = nullptr;
}

void RowJob::Fail(absl::Status status) {
  if (failed_.exchange(true)) return;
  done_(std::move(status));
  done_ = nullptr;
}

}  // namespace tailcast::engine
