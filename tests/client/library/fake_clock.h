#ifndef TAILCAST_TESTS_CLIENT_LIBRARY_FAKE_CLOCK_H_
#define TAILCAST_TESTS_CLIENT_LIBRARY_FAKE_CLOCK_H_

#include <vector>

#include "client/library/clock.h"

namespace tailcast::client {

// A clock that moves only when somebody sleeps, and notes every sleep.
class FakeClock final : public Clock {
 public:
  absl::Time Now() override { return now_; }
  void SleepFor(absl::Duration duration, std::stop_token /*stop*/) override {
    sleeps_.push_back(duration);
    now_ += duration;
  }
  double Jitter() override { return jitter_; }

  void Advance(absl::Duration duration) { now_ += duration; }
  void set_jitter(double jitter) { jitter_ = jitter; }
  const std::vector<absl::Duration>& sleeps() const { return sleeps_; }

 private:
  absl::Time now_ = absl::UnixEpoch();
  double jitter_ = 0.0;
  std::vector<absl::Duration> sleeps_;
};

}  // namespace tailcast::client

#endif  // TAILCAST_TESTS_CLIENT_LIBRARY_FAKE_CLOCK_H_
