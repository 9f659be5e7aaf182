#include "client/library/failover.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/library/error.h"
#include "core/base/status_macros.h"

namespace tailcast::client {
namespace {

constexpr double kDelayGrowth = 2.0;

absl::Status Stopped() { return absl::CancelledError("stopped on request"); }

}  // namespace

Failover::Failover(FailoverOptions options)
    : options_(std::move(options)),
      clock_(options_.clock != nullptr ? *options_.clock : RealClock()),
      servers_(options_.servers),
      delay_(options_.retry.initial_delay) {}

void Failover::NoteProgress() {
  first_failure_.reset();
  delay_ = options_.retry.initial_delay;
}

absl::Duration Failover::remaining() const {
  if (!first_failure_) return absl::InfiniteDuration();
  return options_.retry.retry_for - (clock_.Now() - *first_failure_);
}

absl::Status Failover::Recover(const absl::Status& failure) {
  if (options_.stop.stop_requested()) return Stopped();
  if (!IsTransient(failure)) return IsFaultOfReplica(failure) ? Refuse(failure) : failure;

  if (!first_failure_) first_failure_ = clock_.Now();
  current_ = (current_ + 1) % servers_.size();
  const std::optional<absl::Duration> delay = NextDelay(failure);
  if (!delay) {
    if (options_.retry.retry_for <= absl::ZeroDuration() && refusals_.empty()) return failure;
    std::string text =
        absl::StrCat("gave up after ", absl::FormatDuration(options_.retry.retry_for),
                     " without progress; last failure: ", failure.message());
    for (const std::string& refusal : refusals_) absl::StrAppend(&text, "; refused: ", refusal);
    return absl::UnavailableError(text);
  }
  if (options_.on_retry) {
    options_.on_retry(
        {.failure = failure, .next_server = server(), .delay = *delay, .remaining = remaining()});
  }
  clock_.SleepFor(*delay, options_.stop);
  return options_.stop.stop_requested() ? Stopped() : absl::OkStatus();
}

absl::Status Failover::Refuse(const absl::Status& failure) {
  if (servers_.size() == 1) return failure;
  refusals_.emplace_back(failure.message());
  servers_.erase(servers_.begin() + static_cast<std::ptrdiff_t>(current_));
  current_ %= servers_.size();
  if (options_.on_retry) {
    options_.on_retry({.failure = failure,
                       .next_server = server(),
                       .delay = absl::ZeroDuration(),
                       .remaining = remaining()});
  }
  return absl::OkStatus();
}

std::optional<absl::Duration> Failover::NextDelay(const absl::Status& failure) {
  absl::Duration delay = delay_ * (1.0 - options_.retry.jitter * clock_.Jitter());
  delay_ = std::min(delay_ * kDelayGrowth, options_.retry.max_delay);
  // Another replica need not wait for what this one asked.
  const bool same_server = servers_.size() == 1;
  if (same_server) delay = std::max(delay, DetailsOf(failure).retry_delay.value_or(delay));
  // The last attempt is made when the time ends.
  const absl::Duration left = remaining();
  if (left <= absl::ZeroDuration()) return std::nullopt;
  return std::min(delay, left);
}

absl::Status CallWithFailover(const FailoverOptions& options,
                              absl::FunctionRef<absl::Status(const std::string&)> attempt) {
  Failover failover(options);
  while (true) {
    const absl::Status status = attempt(failover.server());
    if (status.ok()) return status;
    RETURN_IF_ERROR(failover.Recover(status));
  }
}

}  // namespace tailcast::client
