#ifndef TAILCAST_CORE_CONTRACT_ROW_RANGES_H_
#define TAILCAST_CORE_CONTRACT_ROW_RANGES_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace tailcast {

// A set of rows as disjoint half-open ranges: the ledger of what was received or used. Not
// thread-safe.
class RowRanges {
 public:
  // Adds [begin, end). ALREADY_EXISTS, without any change, if a row is in the set: each row is
  // taken exactly once. INVALID_ARGUMENT unless 0 <= begin <= end.
  absl::Status Add(int64_t begin, int64_t end);

  bool Contains(int64_t row) const;
  // Rows of [begin, end) that are not in the set, ascending.
  std::vector<std::pair<int64_t, int64_t>> Missing(int64_t begin, int64_t end) const;
  int64_t row_count() const { return row_count_; }
  // Ascending, disjoint, not touching.
  std::vector<std::pair<int64_t, int64_t>> ranges() const;

 private:
  std::map<int64_t, int64_t> end_of_;  // begin -> end
  int64_t row_count_ = 0;
};

}  // namespace tailcast

#endif  // TAILCAST_CORE_CONTRACT_ROW_RANGES_H_
