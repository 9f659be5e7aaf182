#ifndef TAILCAST_SERVER_TELEMETRY_ACCESS_LOG_H_
#define TAILCAST_SERVER_TELEMETRY_ACCESS_LOG_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace tailcast::telemetry {

// What one finished call leaves in the log; never features, nor text that a caller made up.
struct AccessRecord {
  // "FeatureService.Generate"
  std::string method;
  std::string peer;
  // "bundles/NAME/versions/V" as resolved; empty if the call did not come so far.
  std::string bundle;
  // "OK", "CANCELLED", ...
  std::string code;
  // Of ErrorInfo; empty if there is none.
  std::string reason;
  absl::Time start = absl::InfinitePast();
  // Rows, images or resources in the answer.
  int64_t row_count = 0;
  // Payload of the answer.
  int64_t byte_count = 0;
};

// One line at level info.
void LogAccess(const AccessRecord& record, absl::Time now);

}  // namespace tailcast::telemetry

#endif  // TAILCAST_SERVER_TELEMETRY_ACCESS_LOG_H_
