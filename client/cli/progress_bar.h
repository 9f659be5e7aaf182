#ifndef TAILCAST_CLIENT_CLI_PROGRESS_BAR_H_
#define TAILCAST_CLIENT_CLI_PROGRESS_BAR_H_

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/training/progress.h"

namespace tailcast::cli {

struct ProgressBarOptions {
  std::ostream* output = nullptr;
  // One line that is drawn over; otherwise plain lines: the first, one every few seconds, the last.
  bool is_terminal = false;
  bool quiet = false;
  std::function<bool()> stop_requested;
  // Replaced by tests.
  std::function<absl::Time()> now = absl::Now;
};

// Shows how far work is, its rate and the time left. Not thread-safe.
class ProgressBar final : public training::ProgressSink {
 public:
  explicit ProgressBar(ProgressBarOptions options);

  void Begin(const std::string& what, const std::string& unit, int64_t done,
             int64_t total) override;
  void Advance(int64_t done, const std::vector<std::pair<std::string, double>>& figures) override;
  void End() override;
  bool stop_requested() const override { return options_.stop_requested(); }

 private:
  void Print();
  std::string Figures() const;
  // Units per second of this run; 0 before it is known.
  double Rate() const;

  const ProgressBarOptions options_;
  bool is_running_ = false;
  std::string what_;
  std::string unit_;
  int64_t first_done_ = 0;
  int64_t done_ = 0;
  int64_t total_ = 0;
  std::vector<std::pair<std::string, double>> figures_;
  absl::Time begin_time_;
  absl::Time last_print_time_;
  // What the last printed line showed, so that the last one is not printed twice.
  int64_t printed_done_ = -1;
};

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_PROGRESS_BAR_H_
