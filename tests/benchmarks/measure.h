#ifndef TAILCAST_TESTS_BENCHMARKS_MEASURE_H_
#define TAILCAST_TESTS_BENCHMARKS_MEASURE_H_

#include <sys/resource.h>

#include <algorithm>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace tailcast {

// Time on the wall and on the processors, of this process with all its threads.
class Stopwatch {
 public:
  Stopwatch() : start_(absl::Now()), cpu_start_(CpuSeconds()) {}
  double seconds() const { return absl::ToDoubleSeconds(absl::Now() - start_); }
  double cpu_seconds() const { return CpuSeconds() - cpu_start_; }

 private:
  static double CpuSeconds() {
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }

  const absl::Time start_;
  const double cpu_start_;
};

inline double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace tailcast

#endif  // TAILCAST_TESTS_BENCHMARKS_MEASURE_H_
