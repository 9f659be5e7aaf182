#ifndef TAILCAST_CORE_TRAINING_PROGRESS_H_
#define TAILCAST_CORE_TRAINING_PROGRESS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tailcast::training {

// Where long work says how far it is. The caller decides what becomes of it: a bar, lines, nothing.
// Called from the working thread only.
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;

  // Work of `total` units ("images", "steps") begins; `done` were done by an earlier run.
  virtual void Begin(const std::string& what, const std::string& unit, int64_t done,
                     int64_t total) = 0;
  // `figures`: what changes on the way, such as {"loss", 0.31}.
  virtual void Advance(int64_t done,
                       const std::vector<std::pair<std::string, double>>& figures) = 0;
  virtual void End() = 0;

  // True once the user wants to stop (SIGINT): the work saves its checkpoint and returns CANCELLED.
  virtual bool stop_requested() const = 0;
};

}  // namespace tailcast::training

#endif  // TAILCAST_CORE_TRAINING_PROGRESS_H_
