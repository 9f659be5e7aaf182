#ifndef TAILCAST_CLIENT_CLI_GENERATE_GENERATE_ROWS_H_
#define TAILCAST_CLIENT_CLI_GENERATE_GENERATE_ROWS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "client/cli/generate/row_source.h"
#include "core/base/digest.h"
#include "core/training/progress.h"
#include "nlohmann/json.hpp"

namespace tailcast::generate {

struct RowRangeChoice {
  int64_t start_row = 0;
  // Not set: the rest of the period that holds the start row.
  std::optional<int64_t> row_count = {};
};

// The rows of a range, with their number. OUT_OF_RANGE if they pass the plan's end.
absl::StatusOr<RowRangeChoice> ResolveRange(const v1::GenerateHeader& header,
                                            const RowRangeChoice& choice);

struct FileJob {
  // Path of the finished file.
  std::string output;
  // The command in its own words (StreamChoice's ToJson()).
  nlohmann::json request;
  RowRangeChoice range;
  // Forget what an earlier run left.
  bool fresh = false;
  std::function<bool()> stop_requested;
};

// Opens the source; `pinned` is the stream that an earlier run of the same command began.
using OpenSource = absl::FunctionRef<absl::StatusOr<std::unique_ptr<RowSource>>(
    const std::optional<v1::GenerateHeader>& pinned)>;

struct FileResult {
  v1::GenerateHeader header;
  int64_t start_row = 0;
  int64_t row_count = 0;
  // Rows that an earlier run had left.
  int64_t resumed_rows = 0;
  Digest features_sha256{};
  uint64_t row_checksum_sum = 0;
};

// Fills the file with the rows that are missing. After an error, also CANCELLED, what was received
// is kept for the next run, and the message says how much that is.
absl::StatusOr<FileResult> GenerateToFile(const FileJob& job, OpenSource open_source,
                                          training::ProgressSink& progress);

}  // namespace tailcast::generate

#endif  // TAILCAST_CLIENT_CLI_GENERATE_GENERATE_ROWS_H_
