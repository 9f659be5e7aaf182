#ifndef TAILCAST_CORE_CONTRACT_SHARD_H_
#define TAILCAST_CORE_CONTRACT_SHARD_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tailcast {

inline constexpr int64_t kDefaultShardBlockRows = 1024;

// Row i >= origin_row belongs to the shard with (i - origin_row) / block_rows % count == index.
// Stream contract, section 4.
struct Shard {
  int32_t index = 0;
  int32_t count = 1;
  int64_t block_rows = kDefaultShardBlockRows;
  int64_t origin_row = 0;
  bool operator==(const Shard&) const = default;
};

// INVALID_ARGUMENT names `rows.shard...`; also if origin_row > start_row or block_rows * count
// overflows.
absl::Status ValidateShard(const Shard& shard, int64_t start_row);

// The rows of a shard from a start row on, addressed by position: position 0 is the first row of
// the shard that is >= start_row.
class ShardRows {
 public:
  // REQUIRES: a validated shard.
  ShardRows(const Shard& shard, int64_t start_row);

  // Row at `position` >= 0; 2^63 - 1 (no valid row) where it would overflow.
  int64_t RowAt(int64_t position) const;
  // rows[i] = RowAt(position + i), at a division per block instead of one per row.
  void ReadRows(int64_t position, absl::Span<int64_t> rows) const;

  // Number of positions whose row is below `end_row`.
  int64_t CountBelow(int64_t end_row) const;

 private:
  Shard shard_;
  int64_t first_;  // number of the shard's own rows below start_row, counted from the origin
};

}  // namespace tailcast

#endif  // TAILCAST_CORE_CONTRACT_SHARD_H_
