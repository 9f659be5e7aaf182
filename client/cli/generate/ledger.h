#ifndef TAILCAST_CLIENT_CLI_GENERATE_LEDGER_H_
#define TAILCAST_CLIENT_CLI_GENERATE_LEDGER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/contract/row_ranges.h"
#include "nlohmann/json.hpp"
#include "proto/tailcast/v1/feature_service.pb.h"

namespace tailcast::generate {

// A ledger larger than this is refused unread.
inline constexpr int64_t kMaxLedgerBytes = int64_t{64} << 20;

// What an unfinished file holds, kept in a small file beside it.
struct Ledger {
  // The command's own words, as StreamChoice's ToJson() gives them.
  nlohmann::json request = nlohmann::json::object();
  // The stream: names the bytes, and is what a server is sent to go on.
  v1::GenerateHeader header;
  // Rows that the finished file has.
  int64_t start_row = 0;
  int64_t row_count = 0;
  // Rows that it has now, and the sum modulo 2^64 of their checksums over float32 features.
  RowRanges done;
  uint64_t row_checksum_sum = 0;

  bool complete() const { return done.row_count() == row_count; }
};

std::string SerializeLedger(const Ledger& ledger);

// INVALID_ARGUMENT names `what`, the member and what was expected; also for rows outside of the
// range.
absl::StatusOr<Ledger> ParseLedger(absl::string_view text, const std::string& what);

}  // namespace tailcast::generate

#endif  // TAILCAST_CLIENT_CLI_GENERATE_LEDGER_H_
