#include "server/services/generate_call.h"

#include <algorithm>
#include <utility>

#include "absl/strings/string_view.h"
#include "core/base/status_macros.h"
#include "core/contract/checksum.h"
#include "core/tensor/torch_status.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "proto/tailcast/v1/feature_service.pb.h"
#include "server/convert/chunk_message.h"
#include "server/rpc/caller.h"
#include "server/rpc/errors.h"
#include "server/services/call_access.h"

namespace tailcast::services {
namespace {

absl::StatusOr<v1::GenerateRequest> ParseRequest(const grpc::ByteBuffer& bytes) {
  grpc::ByteBuffer copy(bytes);  // reading consumes the references
  v1::GenerateRequest request;
  if (grpc::SerializationTraits<v1::GenerateRequest>::Deserialize(&copy, &request).ok()) {
    return request;
  }
  return rpc::InvalidField("request", "does not parse as tailcast.v1.GenerateRequest");
}

grpc::ByteBuffer ToBuffer(const v1::GenerateResponse& response) {
  grpc::ByteBuffer buffer;
  bool own_buffer = false;
  grpc::SerializationTraits<v1::GenerateResponse>::Serialize(response, &buffer, &own_buffer)
      .IgnoreError();
  return buffer;
}

absl::string_view BytesOf(const std::vector<int32_t>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(int32_t)};
}

absl::string_view BytesOf(const grpc::Slice& slice) {
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* GenerateCall::Start(
    const ServiceParts& parts, ProgramSource& programs, const grpc::CallbackServerContext& context,
    const grpc::ByteBuffer& request) {
  auto call = std::make_shared<GenerateCall>(parts, context);
  call->Hold();
  const absl::Status status = call->Open(request, programs);
  if (!status.ok()) call->End(status);
  return call.get();
}

GenerateCall::GenerateCall(const ServiceParts& parts, const grpc::CallbackServerContext& context)
    : ServerStream(DeadlineOf(context), context),
      parts_(parts),
      caller_(rpc::CallerOf(context.peer())),
      access_(BeginAccess("FeatureService.Generate", context)) {}

absl::Status GenerateCall::Open(const grpc::ByteBuffer& bytes, ProgramSource& programs) {
  ASSIGN_OR_RETURN(ticket_, parts_.calls.AdmitStream(caller_));
  ticket_->Endable(weak_from_this());
  RETURN_IF_ERROR(CheckRequestSize(bytes.Length()));
  ASSIGN_OR_RETURN(const v1::GenerateRequest request, ParseRequest(bytes));
  ASSIGN_OR_RETURN(prepared_, PrepareStream(request, parts_.catalog));
  access_.bundle = prepared_->bundle->resource();
  RETURN_IF_ERROR(
      parts_.scheduler.AdmitRows(std::min(prepared_->row_count, prepared_->first_chunk_rows)));
  return programs.Get(prepared_->bundle, prepared_->stream.sampler, WorkContext(),
                      [self = Self()](auto program) {
                        if (!program.ok()) return self->End(program.status());
                        self->Begin(*std::move(program));
                      });
}

engine::CallContext GenerateCall::WorkContext() const {
  return {.caller = caller_, .stop = stop_token(), .deadline = deadline()};
}

void GenerateCall::Begin(std::shared_ptr<const engine::SharedProgram> program) {
  row_stream_ =
      std::make_shared<const engine::RowStream>(engine::RowStream{.context = WorkContext(),
                                                                  .program = std::move(program),
                                                                  .stream = prepared_->stream,
                                                                  .rows = prepared_->rows});
  const int64_t chunk_count = prepared_->chunk_count();
  {
    absl::MutexLock lock(&progress_mu_);
    chunks_left_ = chunk_count;
  }
  constexpr int64_t kHeaderAndSummary = 2;
  ServerStream::Start(chunk_count + kHeaderAndSummary);
}

absl::StatusOr<std::optional<grpc::ByteBuffer>> GenerateCall::ProduceAsync(int64_t index) {
  if (index == 0) {
    v1::GenerateResponse response;
    *response.mutable_header() = prepared_->header;
    return ToBuffer(response);
  }
  if (index <= prepared_->chunk_count()) {
    RETURN_IF_ERROR(OrderChunk(index - 1));
    return std::nullopt;
  }
  absl::MutexLock lock(&progress_mu_);
  if (chunks_left_ == 0) return SummaryMessage();
  summary_is_due_ = true;
  return std::nullopt;
}

absl::Status GenerateCall::OrderChunk(int64_t chunk) {
  const int64_t start = prepared_->ChunkStart(chunk);
  const int64_t row_count = prepared_->ChunkStart(chunk + 1) - start;
  return parts_.scheduler.Submit(std::make_shared<engine::RowJob>(
      row_stream_, start, row_count,
      [self = Self(), chunk](auto block) { self->ChunkDone(chunk, std::move(block)); }));
}

void GenerateCall::ChunkDone(int64_t chunk, absl::StatusOr<engine::RowBlock> block) {
  // What is not wanted any more belongs to a call that is over, or about to be.
  if (!block.ok()) return End(block.status());
  const absl::Status sent = CatchTorchErrors([&] {
    SendChunk(chunk, *std::move(block));
    return absl::OkStatus();
  });
  if (!sent.ok()) End(sent);
}

void GenerateCall::SendChunk(int64_t chunk, engine::RowBlock block) {
  const int64_t feature_dim = row_stream_->program->program().feature_dim();
  const grpc::Slice payload = convert::PayloadSlice(
      std::move(block.features), block.rows.size() * feature_dim, prepared_->wire_type);
  const int64_t start_row = block.rows.front();
  const uint64_t checksum =
      ChunkChecksum(start_row, BytesOf(block.class_indices), BytesOf(payload));
  const uint64_t row_sum = RowChecksumSum(block.rows, block.class_indices, BytesOf(payload));
  grpc::ByteBuffer message = convert::ChunkMessage(
      {.start_row = start_row, .checksum = checksum, .class_indices = block.class_indices},
      payload);
  std::optional<grpc::ByteBuffer> summary;
  {
    absl::MutexLock lock(&progress_mu_);
    row_checksum_sum_ += row_sum;
    --chunks_left_;
    if (chunks_left_ == 0 && summary_is_due_) summary = SummaryMessage();
  }
  Produced(chunk + 1, std::move(message));
  if (summary.has_value()) Produced(prepared_->chunk_count() + 1, *std::move(summary));
}

grpc::ByteBuffer GenerateCall::SummaryMessage() const {
  v1::GenerateResponse response;
  v1::GenerateSummary& summary = *response.mutable_summary();
  summary.set_row_count(prepared_->row_count);
  summary.set_next_row(prepared_->rows.RowAt(prepared_->row_count));
  summary.set_row_checksum_sum(row_checksum_sum_);
  return ToBuffer(response);
}

void GenerateCall::OnOver(const absl::Status& status, int64_t written) {
  if (prepared_.has_value() && written > 1) {
    access_.row_count = prepared_->ChunkStart(std::min(written - 1, prepared_->chunk_count()));
    access_.byte_count = access_.row_count *
                         static_cast<int64_t>(WireTypeSize(prepared_->wire_type)) *
                         prepared_->header.feature_dimension();
  }
  EndAccess(status, access_);
}

}  // namespace tailcast::services
