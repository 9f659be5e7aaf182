#include "core/contract/shard.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/status_macros.h"

namespace tailcast {
namespace {

using Int128 = __int128;

constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();

absl::Status CheckRange(absl::string_view field, int64_t value, int64_t min, int64_t max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("rows.shard.", field, " is ", value, "; expected [", min, ", ", max, "]"));
}

// The shard's own rows below `row`, counted from the origin.
int64_t OwnRowsBelow(const Shard& shard, int64_t row) {
  if (row <= shard.origin_row) return 0;
  const int64_t cycle = shard.block_rows * shard.count;
  const int64_t distance = row - shard.origin_row;
  const int64_t in_cycle = distance % cycle - shard.index * shard.block_rows;
  return distance / cycle * shard.block_rows + std::clamp<int64_t>(in_cycle, 0, shard.block_rows);
}

// The shard's own row number `own`, counted from the origin; saturated.
int64_t RowOfOwn(const Shard& shard, Int128 own) {
  const Int128 cycle = Int128{shard.block_rows} * shard.count;
  const Int128 row = shard.origin_row + own / shard.block_rows * cycle +
                     Int128{shard.index} * shard.block_rows + own % shard.block_rows;
  return static_cast<int64_t>(std::min<Int128>(row, kMaxInt64));
}

}  // namespace

absl::Status ValidateShard(const Shard& shard, int64_t start_row) {
  RETURN_IF_ERROR(CheckRange("shard_count", shard.count, 1, std::numeric_limits<int32_t>::max()));
  RETURN_IF_ERROR(CheckRange("shard_index", shard.index, 0, shard.count - 1));
  // A cycle of blocks, one per shard, must be a number of rows that exists.
  RETURN_IF_ERROR(CheckRange("block_row_count", shard.block_rows, 1, kMaxInt64 / shard.count));
  return CheckRange("origin_row", shard.origin_row, 0, start_row);
}

ShardRows::ShardRows(const Shard& shard, int64_t start_row)
    : shard_(shard), first_(OwnRowsBelow(shard, start_row)) {}

int64_t ShardRows::RowAt(int64_t position) const {
  return RowOfOwn(shard_, Int128{first_} + position);
}

void ShardRows::ReadRows(int64_t position, absl::Span<int64_t> rows) const {
  Int128 own = Int128{first_} + position;
  while (!rows.empty()) {
    const auto left_in_block = static_cast<size_t>(shard_.block_rows - own % shard_.block_rows);
    const size_t run = std::min(left_in_block, rows.size());
    const int64_t first = RowOfOwn(shard_, own);
    const int64_t most = kMaxInt64 - first;
    for (size_t i = 0; i < run; ++i) {
      rows[i] = first + std::min(static_cast<int64_t>(i), most);
    }
    rows.remove_prefix(run);
    own += run;
  }
}

int64_t ShardRows::CountBelow(int64_t end_row) const {
  return std::max<int64_t>(0, OwnRowsBelow(shard_, end_row) - first_);
}

}  // namespace tailcast
