#ifndef TAILCAST_CLIENT_LIBRARY_CALL_VERIFIER_H_
#define TAILCAST_CLIENT_LIBRARY_CALL_VERIFIER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/library/response_parser.h"
#include "core/contract/plan.h"
#include "core/contract/shard.h"
#include "proto/tailcast/v1/feature_service.pb.h"

namespace tailcast::client {

// Consecutive rows of a stream, or of its shard, that passed every check.
struct RowChunk {
  // Index in the stream of each row, ascending.
  absl::Span<const int64_t> rows;
  absl::Span<const int32_t> class_indices;
  // rows.size() rows of feature_dimension elements of the header's data_type, little endian; at no
  // particular alignment.
  absl::string_view payload;
  // Sum modulo 2^64 of the rows' checksums.
  uint64_t row_checksum_sum = 0;
};

// Bytes of one row's features.
int64_t RowBytes(const v1::GenerateHeader& header);

// Checks the first message: every field resolved and in range, and recipe and address those of its
// own stream. `requested_type` may be unspecified. DATA_LOSS names the field, its value and what
// was expected.
absl::Status CheckHeader(const v1::GenerateHeader& header, v1::DataType requested_type);

// "its address is tc1-..., expected tc1-...; stream.seed is 1, expected 0". Empty: the same bytes.
std::string DescribeMismatch(const v1::GenerateHeader& expected, const v1::GenerateHeader& actual);

// FAILED_PRECONDITION with ADDRESS_MISMATCH, naming both addresses and the fields that differ,
// unless `actual` names the same bytes as `expected`.
absl::Status CheckSameStream(const v1::GenerateHeader& expected, const v1::GenerateHeader& actual);

// What one call may send: rows of a shard from a position on.
struct CallRange {
  ShardRows rows;
  // First position that is asked for.
  int64_t position = 0;
  // Not set: without end.
  std::optional<int64_t> row_count;
};

// Checks the chunks and the summary of one call: order, sizes, classes, checksums. Every error is
// DATA_LOSS and names row, expected and actual value. Not thread-safe.
class CallVerifier {
 public:
  // REQUIRES: a checked header. `plan` is the header's and must outlive the verifier.
  CallVerifier(const v1::GenerateHeader& header, const Plan& plan, CallRange range);

  // The chunk as rows; the spans are valid until the next call, the payload as long as the view.
  absl::StatusOr<RowChunk> Check(const ChunkView& chunk);
  absl::Status CheckSummary(const v1::GenerateSummary& summary) const;

  // Rows that passed.
  int64_t row_count() const { return row_count_; }
  // Sum modulo 2^64 of their checksums.
  uint64_t row_checksum_sum() const { return row_checksum_sum_; }

 private:
  absl::Status CheckShape(const ChunkView& chunk) const;
  absl::Status CheckClasses() const;

  const int64_t row_bytes_;
  const Plan& plan_;
  const CallRange range_;
  int64_t row_count_ = 0;
  uint64_t row_checksum_sum_ = 0;
  std::vector<int64_t> rows_;
  std::vector<int32_t> class_indices_;
};

}  // namespace tailcast::client

#endif  // TAILCAST_CLIENT_LIBRARY_CALL_VERIFIER_H_
