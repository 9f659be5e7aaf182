#ifndef TAILCAST_SERVER_ENGINE_SHARED_PROGRAM_H_
#define TAILCAST_SERVER_ENGINE_SHARED_PROGRAM_H_

#include <atomic>
#include <memory>
#include <utility>

#include "core/stream/numerics.h"
#include "core/stream/sampler_program.h"

namespace tailcast::engine {

// A compiled sampler of one bundle with the arithmetic that was proven for it. Rows whose streams
// hold the same object may share tiles, so there is one per (bundle, sampler). Thread-safe.
class SharedProgram {
 public:
  // seconds_per_row: a first guess, of one worker with full tiles.
  SharedProgram(std::shared_ptr<const stream::SamplerProgram> program, stream::Numerics numerics,
                double seconds_per_row)
      : program_(std::move(program)),
        numerics_(std::move(numerics)),
        seconds_per_row_(seconds_per_row) {}

  const stream::SamplerProgram& program() const { return *program_; }
  const stream::Numerics& numerics() const { return numerics_; }

  // What a row has cost lately: decides fairness and estimates, never results.
  double seconds_per_row() const { return seconds_per_row_.load(std::memory_order_relaxed); }
  // `computed_rows`: through the kernels, padding included, so that a tile with one row of a caller
  // does not make all rows look dear.
  void ObserveTile(double seconds, int64_t computed_rows) const {
    constexpr double kWeightOfNews = 0.1;
    const double old = seconds_per_row();
    const double news = seconds / static_cast<double>(computed_rows);
    // A lost update between two workers does not matter.
    seconds_per_row_.store(old + kWeightOfNews * (news - old), std::memory_order_relaxed);
  }

 private:
  const std::shared_ptr<const stream::SamplerProgram> program_;
  const stream::Numerics numerics_;
  mutable std::atomic<double> seconds_per_row_;
};

}  // namespace tailcast::engine

#endif  // TAILCAST_SERVER_ENGINE_SHARED_PROGRAM_H_
