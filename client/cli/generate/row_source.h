#ifndef TAILCAST_CLIENT_CLI_GENERATE_ROW_SOURCE_H_
#define TAILCAST_CLIENT_CLI_GENERATE_ROW_SOURCE_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "proto/tailcast/v1/feature_service.pb.h"

namespace tailcast::generate {

// Consecutive rows.
struct RowBlock {
  int64_t start_row = 0;
  absl::Span<const int32_t> class_indices;
  // One row after the other.
  absl::Span<const float> features;
};

// Takes rows in ascending order; an error ends the reading.
using RowConsumer = absl::FunctionRef<absl::Status(const RowBlock&)>;

// Where the rows of one stream come from: a server or this process. Both give the same bytes for
// the same address. Not thread-safe.
class RowSource {
 public:
  virtual ~RowSource() = default;

  // Names the bytes.
  virtual const v1::GenerateHeader& header() const = 0;

  // What it takes to make rows here, measured or told by the server.
  virtual absl::StatusOr<double> EstimateRowsPerSecond() = 0;

  // Gives every row of [begin, end) once. CANCELLED once a stop was requested.
  virtual absl::Status Read(int64_t begin, int64_t end, RowConsumer consume) = 0;
};

}  // namespace tailcast::generate

#endif  // TAILCAST_CLIENT_CLI_GENERATE_ROW_SOURCE_H_
