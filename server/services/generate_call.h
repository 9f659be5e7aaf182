#ifndef TAILCAST_SERVER_SERVICES_GENERATE_CALL_H_
#define TAILCAST_SERVER_SERVICES_GENERATE_CALL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/engine/work.h"
#include "server/rpc/call_registry.h"
#include "server/rpc/server_stream.h"
#include "server/services/prepared_stream.h"
#include "server/services/program_source.h"
#include "server/services/service_parts.h"
#include "server/telemetry/access_log.h"

namespace tailcast::services {

// One call of Generate: header, chunks as the client takes them, summary. Message 0 is the header,
// message i > 0 chunk i - 1, the last one the summary.
class GenerateCall final : public rpc::ServerStream<grpc::ByteBuffer> {
 public:
  // Starts the call; it owns itself until gRPC is done with it. `request`: a serialised
  // GenerateRequest.
  static grpc::ServerWriteReactor<grpc::ByteBuffer>* Start(
      const ServiceParts& parts, ProgramSource& programs,
      const grpc::CallbackServerContext& context, const grpc::ByteBuffer& request);

  // Use Start(): public for std::make_shared.
  GenerateCall(const ServiceParts& parts, const grpc::CallbackServerContext& context);

 private:
  // Everything up to the first row: an error ends the call.
  absl::Status Open(const grpc::ByteBuffer& request, ProgramSource& programs);
  void Begin(std::shared_ptr<const engine::SharedProgram> program);
  engine::CallContext WorkContext() const;

  absl::StatusOr<std::optional<grpc::ByteBuffer>> ProduceAsync(int64_t index) override
      ABSL_LOCKS_EXCLUDED(progress_mu_);
  void OnOver(const absl::Status& status, int64_t written) override;

  // UNAVAILABLE, DRAINING: as TileScheduler::Submit().
  absl::Status OrderChunk(int64_t chunk);
  // On a worker's thread.
  void ChunkDone(int64_t chunk, absl::StatusOr<engine::RowBlock> block)
      ABSL_LOCKS_EXCLUDED(progress_mu_);
  void SendChunk(int64_t chunk, engine::RowBlock block) ABSL_LOCKS_EXCLUDED(progress_mu_);
  grpc::ByteBuffer SummaryMessage() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(progress_mu_);

  std::shared_ptr<GenerateCall> Self() {
    return std::static_pointer_cast<GenerateCall>(shared_from_this());
  }

  const ServiceParts parts_;
  const std::string caller_;
  // Written by Open(), before any other thread knows of the call.
  std::optional<rpc::CallRegistry::Ticket> ticket_;
  std::optional<PreparedStream> prepared_;
  // Written by Begin(), before the first ProduceAsync().
  std::shared_ptr<const engine::RowStream> row_stream_;

  // Lock order: the stream's own lock, then this.
  absl::Mutex progress_mu_;
  int64_t chunks_left_ ABSL_GUARDED_BY(progress_mu_) = 0;
  uint64_t row_checksum_sum_ ABSL_GUARDED_BY(progress_mu_) = 0;
  // The summary was asked for before all chunks were there.
  bool summary_is_due_ ABSL_GUARDED_BY(progress_mu_) = false;

  telemetry::AccessRecord access_;
};

}  // namespace tailcast::services

#endif  // TAILCAST_SERVER_SERVICES_GENERATE_CALL_H_
