#ifndef TAILCAST_CLIENT_LIBRARY_ROW_STREAM_H_
#define TAILCAST_CLIENT_LIBRARY_ROW_STREAM_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/library/call_verifier.h"
#include "client/library/channel.h"
#include "client/library/failover.h"
#include "client/library/generate_call.h"
#include "core/contract/plan.h"
#include "core/contract/shard.h"
#include "proto/tailcast/v1/feature_service.pb.h"

namespace tailcast::client {

struct RowStreamOptions {
  // Replicas, retrying, cancelling.
  FailoverOptions failover;
  // What to ask for: stream, rows, data_type, max_chunk_bytes, expected digests.
  v1::GenerateRequest request;
  // Header of an earlier stream: continues exactly that one. request.stream is ignored.
  std::optional<v1::GenerateHeader> resume;
  ChannelOptions channel;
  // A server that is silent for so long counts as gone.
  absl::Duration header_timeout = absl::Seconds(20);
  absl::Duration idle_timeout = absl::Seconds(120);
};

// Rows of a stream, in order, each exactly once, every chunk verified, over as many calls and
// replicas as it takes: continues from the next row after UNAVAILABLE, a cut connection, a server
// that ends a call early, and RESOURCE_EXHAUSTED with a delay. What the first answer said is
// pinned: a replica that would send other bytes is refused.
//
// The caller pulls: who does not call Next() stops the server. Not thread-safe; a stop may be
// requested from any thread.
class RowStream {
 public:
  // Asks for the header, as Next() retries. Errors: those of FeatureService.Generate that retrying
  // cannot help; UNAVAILABLE after `retry_for`; CANCELLED; DATA_LOSS if the header contradicts
  // itself; INVALID_ARGUMENT for a wrong shard.
  static absl::StatusOr<std::unique_ptr<RowStream>> Open(RowStreamOptions options);

  // Resume token: keep it with the checkpoint.
  const v1::GenerateHeader& header() const { return *header_; }

  // The next rows, valid until the next call; nothing at the end of the range. Errors as Open(),
  // with how far the stream came; DATA_LOSS if what arrived is not what the contract says and no
  // other replica is left, or if a summary contradicts rows that Next() has returned. After an
  // error every further call returns it.
  absl::StatusOr<std::optional<RowChunk>> Next();

  // First row that Next() has not returned.
  int64_t next_row() const { return rows_.RowAt(position_); }
  // Rows that Next() has returned.
  int64_t row_count() const { return position_; }
  // Sum modulo 2^64 of their checksums.
  uint64_t row_checksum_sum() const { return row_checksum_sum_; }
  // Calls that this stream made.
  int call_count() const { return call_count_; }

 private:
  RowStream(RowStreamOptions options, ShardRows rows);

  bool AtEnd() const;
  v1::GenerateRequest NextRequest() const;
  // Starts a call and checks its header.
  absl::Status StartCall();
  absl::Status AcceptHeader(const v1::GenerateHeader& header);
  // One step of the present call: a chunk, or nothing if the call ended well.
  absl::StatusOr<std::optional<RowChunk>> ReadChunk();
  absl::Status EndCall(const v1::GenerateSummary& summary);
  // Chooses whether to go on after a failed call.
  absl::Status Recover(const absl::Status& failure);
  // Names the fields that differ where a server refused what was pinned.
  absl::Status ExplainMismatch(const absl::Status& failure) const;
  absl::Status WithPosition(const absl::Status& status) const;

  RowStreamOptions options_;
  const ShardRows rows_;
  // Not set: without end.
  std::optional<int64_t> row_limit_;
  Failover failover_;
  std::optional<v1::GenerateHeader> header_;
  std::optional<Plan> plan_;
  std::unique_ptr<GenerateCall> call_;
  std::optional<CallVerifier> verifier_;
  int64_t position_ = 0;
  uint64_t row_checksum_sum_ = 0;
  int call_count_ = 0;
  absl::Status error_;
};

}  // namespace tailcast::client

#endif  // TAILCAST_CLIENT_LIBRARY_ROW_STREAM_H_
