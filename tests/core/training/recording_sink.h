#ifndef TAILCAST_TESTS_CORE_TRAINING_RECORDING_SINK_H_
#define TAILCAST_TESTS_CORE_TRAINING_RECORDING_SINK_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/training/progress.h"

namespace tailcast::training {

// Keeps what it is told; asks to stop once `stop_after` units are done; calls `on_advance` each
// time.
class RecordingSink final : public ProgressSink {
 public:
  void Begin(const std::string& what, const std::string& /*unit*/, int64_t done,
             int64_t total) override {
    begun.push_back(what);
    first_done = last_done = done;
    this->total = total;
  }
  void Advance(int64_t done, const std::vector<std::pair<std::string, double>>& figures) override {
    last_done = done;
    last_figures = figures;
    ++num_advances;
    if (on_advance) on_advance(done);
  }
  void End() override { ++num_ends; }
  bool stop_requested() const override { return stop_after >= 0 && last_done >= stop_after; }

  int64_t stop_after = -1;
  std::function<void(int64_t)> on_advance;

  std::vector<std::string> begun;
  std::vector<std::pair<std::string, double>> last_figures;
  int64_t first_done = 0, last_done = 0, total = 0, num_advances = 0, num_ends = 0;
};

}  // namespace tailcast::training

#endif  // TAILCAST_TESTS_CORE_TRAINING_RECORDING_SINK_H_
