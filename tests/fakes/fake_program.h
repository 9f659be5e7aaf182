#ifndef TAILCAST_TESTS_FAKES_FAKE_PROGRAM_H_
#define TAILCAST_TESTS_FAKES_FAKE_PROGRAM_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "core/stream/sampler_program.h"

namespace tailcast::engine {

// Feature `d` of a sample: tells samples, seeds and places apart, exactly.
inline float FakeFeature(const stream::TileRow& row, int64_t d) {
  const int64_t mixed =
      row.seed * 7919 + row.sample.class_index * 104'729 + row.sample.ordinal % 1'000'003 * 31 + d;
  return static_cast<float>(mixed % 8'000'009);
}

// A sampler without kernels: rows are known in advance, steps are counted and can be held up.
class FakeProgram final : public stream::SamplerProgram {
 public:
  struct Options {
    int64_t feature_dim = 4;
    int64_t num_classes = 6;
    int num_steps = 4;
    absl::Duration step_time = absl::ZeroDuration();
  };

  FakeProgram() = default;
  explicit FakeProgram(const Options& options) : options_(options) {}

  absl::Status RunTile(absl::Span<const stream::TileRow> rows, int32_t tile_rows,
                       absl::FunctionRef<bool()> is_cancelled,
                       absl::Span<float> out) const override {
    ++tiles_;
    if (static_cast<int64_t>(rows.size()) > tile_rows) return absl::InternalError("too many rows");
    for (int step = 0; step < options_.num_steps; ++step) {
      AwaitGate();
      if (is_cancelled()) return absl::CancelledError("cancelled");
      ++steps_;
      if (options_.step_time > absl::ZeroDuration()) absl::SleepFor(options_.step_time);
    }
    if (fails_) return absl::InternalError("planted failure");
    for (size_t i = 0; i < rows.size(); ++i) {
      for (int64_t d = 0; d < options_.feature_dim; ++d) {
        out[i * options_.feature_dim + d] = FakeFeature(rows[i], d);
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::shared_ptr<const stream::SamplerProgram>> WithSampler(
      const SamplerSpec&) const override {
    return std::make_shared<const FakeProgram>(options_);
  }

  int64_t feature_dim() const override { return options_.feature_dim; }
  int64_t num_classes() const override { return options_.num_classes; }
  const SamplerSpec& spec() const override { return spec_; }
  double row_flops() const override { return 1e6; }

  // Tiles wait before each step while the gate is closed.
  void CloseGate() const { SetGate(false); }
  void OpenGate() const { SetGate(true); }
  void FailFromNowOn() const { fails_ = true; }
  int64_t tiles() const { return tiles_; }
  int64_t steps() const { return steps_; }
  // Until so many tiles have begun.
  void AwaitTiles(int64_t count) const {
    while (tiles_ < count) absl::SleepFor(absl::Milliseconds(1));
  }

 private:
  void SetGate(bool open) const {
    absl::MutexLock lock(&mu_);
    open_ = open;
  }
  void AwaitGate() const {
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(&open_));
  }

  const Options options_;
  const SamplerSpec spec_;
  mutable absl::Mutex mu_;
  mutable bool open_ ABSL_GUARDED_BY(mu_) = true;
  mutable std::atomic<int64_t> tiles_ = 0;
  mutable std::atomic<int64_t> steps_ = 0;
  mutable std::atomic<bool> fails_ = false;
};

}  // namespace tailcast::engine

#endif  // TAILCAST_TESTS_FAKES_FAKE_PROGRAM_H_
