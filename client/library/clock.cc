#include "client/library/clock.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>

namespace tailcast::client {
namespace {

class MachineClock final : public Clock {
 public:
  absl::Time Now() override {
    return absl::UnixEpoch() +
           absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
  }

  void SleepFor(absl::Duration duration, std::stop_token stop) override {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    stopped.wait_for(lock, stop, absl::ToChronoMicroseconds(duration), [] { return false; });
  }

  double Jitter() override {
    thread_local std::minstd_rand engine{std::random_device()()};
    return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
  }
};

}  // namespace

Clock& RealClock() {
  static MachineClock clock;
  return clock;
}

}  // namespace tailcast::client
