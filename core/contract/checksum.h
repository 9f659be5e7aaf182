#ifndef TAILCAST_CORE_CONTRACT_CHECKSUM_H_
#define TAILCAST_CORE_CONTRACT_CHECKSUM_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tailcast {

// XXH3-64, seeded with the chunk's first row, of its class indices (int32, little endian) followed
// by its payload.
uint64_t ChunkChecksum(int64_t first_row, absl::string_view class_indices,
                       absl::string_view payload);

// XXH3-64, seeded with the row's index, of its class (int32, little endian) and its bytes.
uint64_t RowChecksum(int64_t row, int32_t class_index, absl::string_view row_bytes);

// Sum modulo 2^64 of the row checksums; adds up over ranges, shards and retries.
// rows: index in the stream of each row; payload: rows.size() rows of equal size.
uint64_t RowChecksumSum(absl::Span<const int64_t> rows, absl::Span<const int32_t> class_indices,
                        absl::string_view payload);

}  // namespace tailcast

#endif  // TAILCAST_CORE_CONTRACT_CHECKSUM_H_
