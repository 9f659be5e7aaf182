#ifndef TAILCAST_CLIENT_CLI_RETRAIN_ROW_SOURCE_H_
#define TAILCAST_CLIENT_CLI_RETRAIN_ROW_SOURCE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/contract/plan.h"
#include "core/training/labelled_rows.h"
#include "core/training/progress.h"

namespace tailcast::retrain {

// One period of a plan.
struct RowQuery {
  // For people: what the rows are for.
  std::string what;
  PlanSpec plan;
  // One weight per class; empty: the bundle's default.
  std::vector<double> guidance_weights;
};

// Generated rows and what names them.
struct StreamedRows {
  training::LabelledRows rows;
  std::string bundle;                                       // NAME@VERSION
  std::string bundle_digest, feature_space_digest, recipe;  // 64 hexadecimal digits
  std::string address;                                      // tc1-...
  std::string sampler;                                      // for people
  double seconds = 0;
};

// Where generated rows come from. Every call of one source gives rows of one version of one bundle.
// Not thread-safe.
class RowSource {
 public:
  virtual ~RowSource() = default;

  // CANCELLED once `progress` asks to stop.
  virtual absl::StatusOr<StreamedRows> Take(const RowQuery& query,
                                            training::ProgressSink& progress) = 0;
};

}  // namespace tailcast::retrain

#endif  // TAILCAST_CLIENT_CLI_RETRAIN_ROW_SOURCE_H_
