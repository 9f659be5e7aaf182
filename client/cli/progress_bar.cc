#include "client/cli/progress_bar.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tailcast::cli {
namespace {

constexpr absl::Duration kTerminalInterval = absl::Milliseconds(100);
constexpr absl::Duration kLineInterval = absl::Seconds(5);
constexpr int kBarColumns = 24;
constexpr char kEraseLine[] = "\r\x1b[K";
constexpr int64_t kSecondsPerMinute = 60;
constexpr int64_t kSecondsPerHour = 3600;

// "0:07", "12:34", "1:02:03"
std::string Clock(double seconds) {
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  const int64_t minutes = whole / kSecondsPerMinute;
  if (whole < kSecondsPerHour)
    return absl::StrFormat("%d:%02d", minutes, whole % kSecondsPerMinute);
  return absl::StrFormat("%d:%02d:%02d", whole / kSecondsPerHour, minutes % kSecondsPerMinute,
                         whole % kSecondsPerMinute);
}

std::string Bar(int64_t done, int64_t total) {
  const int64_t filled =
      total > 0 ? std::clamp<int64_t>(done * kBarColumns / total, 0, kBarColumns) : 0;
  return absl::StrCat("[", std::string(filled, '#'), std::string(kBarColumns - filled, '.'), "]");
}

}  // namespace

ProgressBar::ProgressBar(ProgressBarOptions options) : options_(std::move(options)) {}

void ProgressBar::Begin(const std::string& what, const std::string& unit, int64_t done,
                        int64_t total) {
  End();
  is_running_ = true;
  what_ = what;
  unit_ = unit;
  first_done_ = done;
  done_ = done;
  total_ = total;
  figures_.clear();
  begin_time_ = options_.now();
  Print();
}

void ProgressBar::Advance(int64_t done,
                          const std::vector<std::pair<std::string, double>>& figures) {
  if (!is_running_) return;
  done_ = done;
  figures_ = figures;
  const auto interval = options_.is_terminal ? kTerminalInterval : kLineInterval;
  if (options_.now() - last_print_time_ >= interval) Print();
}

void ProgressBar::End() {
  if (!is_running_) return;
  if (printed_done_ != done_) Print();
  if (options_.is_terminal && !options_.quiet) *options_.output << std::endl;
  is_running_ = false;
}

void ProgressBar::Print() {
  last_print_time_ = options_.now();
  printed_done_ = done_;
  if (options_.quiet) return;
  const double percent = total_ > 0 ? 100.0 * static_cast<double>(done_) / total_ : 0.0;
  if (options_.is_terminal) {
    *options_.output << kEraseLine << what_ << " " << Bar(done_, total_)
                     << absl::StrFormat(" %3.0f %% %d/%d %s", percent, done_, total_, unit_)
                     << Figures() << std::flush;
  } else {
    *options_.output << what_
                     << absl::StrFormat(": %d of %d %s (%.0f %%)", done_, total_, unit_, percent)
                     << Figures() << std::endl;
  }
}

std::string ProgressBar::Figures() const {
  std::string text;
  const double rate = Rate();
  if (rate > 0) absl::StrAppendFormat(&text, ", %.4g %s/s", rate, unit_);
  for (const auto& [name, value] : figures_) absl::StrAppendFormat(&text, ", %s %.4g", name, value);
  if (rate > 0 && done_ < total_) {
    absl::StrAppend(&text, ", ", Clock(static_cast<double>(total_ - done_) / rate), " left");
  }
  return text;
}

double ProgressBar::Rate() const {
  const double seconds = absl::ToDoubleSeconds(options_.now() - begin_time_);
  return seconds > 0 ? static_cast<double>(done_ - first_done_) / seconds : 0.0;
}

}  // namespace tailcast::cli
