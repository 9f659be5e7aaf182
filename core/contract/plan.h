#ifndef TAILCAST_CORE_CONTRACT_PLAN_H_
#define TAILCAST_CORE_CONTRACT_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/base/digest.h"

namespace tailcast {

// One generated feature under (bundle, sampler, seed): always the same.
struct Sample {
  int32_t class_index;
  int64_t ordinal;
  bool operator==(const Sample&) const = default;
};

struct ClassWeight {
  int32_t class_index = 0;    // [0, 2^24)
  int64_t weight = 0;         // rows in each period, at least 1
  int64_t first_ordinal = 0;  // samples of this class to skip, in [0, 2^63)
  bool operator==(const ClassWeight&) const = default;
};

struct PlanSpec {
  // class_index strictly ascending; 1 to kMaxPlanClasses entries.
  std::vector<ClassWeight> class_weights = {};
  // [0, 2^63)
  int64_t order_seed = 0;
  // R: after so many periods the same samples return in a new order; 0: always new ones.
  int64_t repeat_period_count = 0;
  bool operator==(const PlanSpec&) const = default;
};

inline constexpr int64_t kMaxPlanClasses = 65536;
inline constexpr int64_t kMaxPeriod = (int64_t{1} << 31) - 1;

// Which sample stands in which row: a pure function, stream contract section 7. Each period of
// rows holds exactly weight rows of each class, evenly mixed. Immutable; safe to share.
class Plan {
 public:
  // INVALID_ARGUMENT names the field (`stream.plan.class_weights[3].weight`), value and range. An
  // empty plan, and one that sums to zero, is an error.
  static absl::StatusOr<Plan> Create(PlanSpec spec);

  const PlanSpec& spec() const { return spec_; }
  int64_t period() const { return period_; }

  // O(log K). REQUIRES: 0 <= row < end_row().
  Sample At(int64_t row) const;
  // samples[i] = At(rows[i]), faster for rows near each other, which share random words. REQUIRES:
  // as many samples as rows.
  void ReadSamples(absl::Span<const int64_t> rows, absl::Span<Sample> samples) const;

  // Rows end here: at 2^63 - 1, or before the first period in which an ordinal would pass that.
  int64_t end_row() const { return end_row_; }

  // Digest `plan.v1`.
  Digest digest() const;

 private:
  explicit Plan(PlanSpec spec);
  // The entry whose rows stand in a slot of the even spread.
  size_t EntryOf(int64_t slot) const;
  Sample SampleOf(int64_t block, size_t entry, uint32_t member) const;
  void ReadLanes(absl::Span<const int64_t> rows, absl::Span<Sample> samples) const;

  PlanSpec spec_;
  std::vector<int64_t> starts_;  // cumulative weights, starts_[0] = 0
  int64_t period_ = 0;
  int64_t spread_ = 1;  // multiplier of the even spread, coprime to the period
  int64_t end_row_ = 0;
};

}  // namespace tailcast

#endif  // TAILCAST_CORE_CONTRACT_PLAN_H_
