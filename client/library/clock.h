#ifndef TAILCAST_CLIENT_LIBRARY_CLOCK_H_
#define TAILCAST_CLIENT_LIBRARY_CLOCK_H_

#include <stop_token>

#include "absl/time/time.h"

namespace tailcast::client {

// Time as retrying sees it; replaced in tests. Safe to share.
class Clock {
 public:
  virtual ~Clock() = default;

  // Never goes back.
  virtual absl::Time Now() = 0;
  // Returns early when a stop is requested.
  virtual void SleepFor(absl::Duration duration, std::stop_token stop) = 0;
  // In [0, 1), so that many clients do not come back at the same moment.
  virtual double Jitter() = 0;
};

// The machine's clock. Lives for ever.
Clock& RealClock();

}  // namespace tailcast::client

#endif  // TAILCAST_CLIENT_LIBRARY_CLOCK_H_
