#include "core/contract/row_ranges.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace tailcast {

absl::Status RowRanges::Add(int64_t begin, int64_t end) {
  if (begin < 0 || begin > end) {
    return absl::InvalidArgumentError(
        absl::StrCat("rows [", begin, ", ", end, ") are no range; expected 0 <= begin <= end"));
  }
  if (begin == end) return absl::OkStatus();
  auto next = end_of_.upper_bound(begin);
  const auto previous = next == end_of_.begin() ? end_of_.end() : std::prev(next);
  const bool meets_previous = previous != end_of_.end() && previous->second > begin;
  if (meets_previous || (next != end_of_.end() && next->first < end)) {
    const auto& held = meets_previous ? *previous : *next;
    return absl::AlreadyExistsError(absl::StrCat("rows [", begin, ", ", end, ") overlap [",
                                                 held.first, ", ", held.second,
                                                 "), which are here; expected each row once"));
  }
  row_count_ += end - begin;
  if (next != end_of_.end() && next->first == end) {
    end = next->second;
    end_of_.erase(next);
  }
  if (previous != end_of_.end() && previous->second == begin) {
    previous->second = end;
  } else {
    end_of_.emplace(begin, end);
  }
  return absl::OkStatus();
}

bool RowRanges::Contains(int64_t row) const {
  const auto next = end_of_.upper_bound(row);
  return next != end_of_.begin() && std::prev(next)->second > row;
}

std::vector<std::pair<int64_t, int64_t>> RowRanges::Missing(int64_t begin, int64_t end) const {
  std::vector<std::pair<int64_t, int64_t>> missing;
  auto range = end_of_.upper_bound(begin);
  if (range != end_of_.begin()) begin = std::max(begin, std::prev(range)->second);
  for (; begin < end; ++range) {
    const int64_t gap_end = range == end_of_.end() ? end : std::min(end, range->first);
    if (begin < gap_end) missing.emplace_back(begin, gap_end);
    if (range == end_of_.end()) break;
    begin = range->second;
  }
  return missing;
}

std::vector<std::pair<int64_t, int64_t>> RowRanges::ranges() const {
  return {end_of_.begin(), end_of_.end()};
}

}  // namespace tailcast
