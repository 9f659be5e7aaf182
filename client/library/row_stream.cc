#include "client/library/row_stream.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "client/library/call_context.h"
#include "client/library/error.h"
#include "core/base/status_macros.h"
#include "proto/convert/contract_proto.h"
#include "proto/tailcast/v1/feature_service.grpc.pb.h"

namespace tailcast::client {
namespace {

// A retry that is nearly out of time still waits so long for an answer.
constexpr absl::Duration kShortestWait = absl::Seconds(1);
// Of the question which stream a replica would send.
constexpr absl::Duration kEstimateTimeout = absl::Seconds(5);

absl::Status CutStream(const std::string& server, absl::string_view how) {
  return absl::UnavailableError(absl::StrCat("server ", server, ": ", how));
}

absl::Status OfServer(const absl::Status& status, const std::string& server) {
  if (status.ok()) return status;
  absl::Status named(status.code(), absl::StrCat("server ", server, ": ", status.message()));
  status.ForEachPayload([&named](absl::string_view url, const absl::Cord& payload) {
    named.SetPayload(url, payload);
  });
  return named;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RowStream>> RowStream::Open(RowStreamOptions options) {
  const v1::RowRange& range = options.request.rows();
  if (range.start_row() < 0 || range.row_count() < 0) {
    return absl::InvalidArgumentError(absl::StrCat("rows.start_row is ", range.start_row(),
                                                   " and rows.row_count ", range.row_count(),
                                                   "; expected at least 0"));
  }
  if (options.failover.servers.empty()) {
    return absl::InvalidArgumentError("no server is named; expected at least one");
  }
  const Shard shard = ShardOf(range);
  RETURN_IF_ERROR(ValidateShard(shard, range.start_row()));
  std::unique_ptr<RowStream> stream(
      new RowStream(std::move(options), ShardRows(shard, range.start_row())));
  if (stream->options_.resume) {
    const v1::GenerateHeader header = *std::move(stream->options_.resume);
    RETURN_IF_ERROR(stream->AcceptHeader(header));
  }
  do {
    const absl::Status status = stream->StartCall();
    if (!status.ok()) RETURN_IF_ERROR(stream->Recover(status));
  } while (stream->call_ == nullptr);
  return stream;
}

RowStream::RowStream(RowStreamOptions options, ShardRows rows)
    : options_(std::move(options)), rows_(rows), failover_(options_.failover) {
  if (options_.request.rows().row_count() > 0) row_limit_ = options_.request.rows().row_count();
}

bool RowStream::AtEnd() const {
  if (row_limit_) return position_ >= *row_limit_;
  return plan_ && next_row() >= plan_->end_row();
}

v1::GenerateRequest RowStream::NextRequest() const {
  v1::GenerateRequest request = options_.request;
  if (header_) {
    *request.mutable_stream() = header_->stream();
    request.set_expected_address(header_->address());
    request.set_expected_feature_space_digest(header_->feature_space_digest());
  }
  request.mutable_rows()->set_start_row(next_row());
  if (row_limit_) request.mutable_rows()->set_row_count(*row_limit_ - position_);
  return request;
}

absl::Status RowStream::StartCall() {
  const std::string server = failover_.server();
  ++call_count_;
  auto call = std::make_unique<GenerateCall>(server, OpenChannel(server, options_.channel),
                                             NextRequest(), options_.failover.stop);
  const absl::Duration timeout =
      std::min(options_.header_timeout, std::max(failover_.remaining(), kShortestWait));
  const auto response = call->Read(timeout);
  if (!response.ok()) return ExplainMismatch(response.status());
  if (!*response) return CutStream(server, "the stream ended before its header");
  const auto* header = std::get_if<v1::GenerateHeader>(&**response);
  if (header == nullptr) {
    return absl::DataLossError(
        absl::StrCat("server ", server, ": the first message is not a header"));
  }
  RETURN_IF_ERROR(OfServer(AcceptHeader(*header), server));
  CallRange range{.rows = rows_, .position = position_, .row_count = std::nullopt};
  if (row_limit_) range.row_count = *row_limit_ - position_;
  verifier_.emplace(*header_, *plan_, range);
  call_ = std::move(call);
  return absl::OkStatus();
}

absl::Status RowStream::AcceptHeader(const v1::GenerateHeader& header) {
  RETURN_IF_ERROR(CheckHeader(header, options_.request.data_type()));
  if (header_) return CheckSameStream(*header_, header);
  ASSIGN_OR_RETURN(plan_, Plan::Create(FromProto(header.stream().plan())));
  header_ = header;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<RowChunk>> RowStream::ReadChunk() {
  ASSIGN_OR_RETURN(const auto response, call_->Read(options_.idle_timeout));
  const std::string& server = failover_.server();
  if (!response) return CutStream(server, "the stream was cut: it ended without a summary");
  if (const auto* summary = std::get_if<v1::GenerateSummary>(&*response)) {
    RETURN_IF_ERROR(OfServer(EndCall(*summary), server));
    return std::optional<RowChunk>();
  }
  const auto* view = std::get_if<ChunkView>(&*response);
  if (view == nullptr) {
    return absl::DataLossError(
        absl::StrCat("server ", server, ": a second header; expected a chunk or the summary"));
  }
  absl::StatusOr<RowChunk> chunk = verifier_->Check(*view);
  if (!chunk.ok()) return OfServer(chunk.status(), server);
  return std::optional<RowChunk>(*chunk);
}

absl::Status RowStream::EndCall(const v1::GenerateSummary& summary) {
  if (const absl::Status checked = verifier_->CheckSummary(summary); !checked.ok()) {
    // Rows that were handed out and are not what their server meant cannot be asked for again.
    if (verifier_->row_count() > 0) error_ = WithPosition(OfServer(checked, failover_.server()));
    return checked;
  }
  const auto end = call_->Read(options_.header_timeout);
  if (end.ok() && *end) return absl::DataLossError("a message follows the summary");
  // All rows of this call are here and verified, whatever its status says: the next one goes on.
  const bool empty = verifier_->row_count() == 0;
  call_.reset();
  if (empty && !AtEnd()) return absl::UnavailableError("a call ended without any row");
  return absl::OkStatus();
}

absl::StatusOr<std::optional<RowChunk>> RowStream::Next() {
  RETURN_IF_ERROR(error_);
  while (true) {
    if (AtEnd() && call_ == nullptr) return std::optional<RowChunk>();
    absl::StatusOr<std::optional<RowChunk>> chunk = std::nullopt;
    if (call_ == nullptr) {
      const absl::Status started = StartCall();
      if (!started.ok()) chunk = started;
    } else {
      chunk = ReadChunk();
    }
    if (chunk.ok() && *chunk) {
      failover_.NoteProgress();
      position_ += static_cast<int64_t>((*chunk)->rows.size());
      row_checksum_sum_ += (*chunk)->row_checksum_sum;
      return chunk;
    }
    if (!chunk.ok()) {
      call_.reset();
      RETURN_IF_ERROR(error_);
      // Every row is here and verified; only the summary is missing.
      if (AtEnd() && IsTransient(chunk.status())) return std::optional<RowChunk>();
      error_ = Recover(chunk.status());
      RETURN_IF_ERROR(error_);
    }
  }
}

absl::Status RowStream::Recover(const absl::Status& failure) {
  return WithPosition(failover_.Recover(failure));
}

absl::Status RowStream::ExplainMismatch(const absl::Status& failure) const {
  if (!header_ || !IsReplicaMismatch(failure)) return failure;
  // What would this replica send if nothing were pinned?
  v1::EstimateRequest request;
  v1::GenerateRequest& generate = *request.mutable_generate();
  generate = NextRequest();
  generate.clear_expected_address();
  generate.mutable_stream()->clear_bundle_digest();
  generate.mutable_stream()->clear_numerics_id();
  v1::EstimateResponse response;
  CallContext context(kEstimateTimeout, options_.failover.stop);
  const std::string& server = failover_.server();
  const auto service = v1::FeatureService::NewStub(OpenChannel(server, options_.channel));
  const absl::Status estimated =
      FromGrpcStatus(service->Estimate(context.get(), request, &response), server);
  // It may still be loading what it would send; asked again later, it can tell.
  if (IsTransient(estimated)) return estimated;
  if (!estimated.ok()) return failure;
  if (!CheckHeader(response.header(), options_.request.data_type()).ok()) return failure;
  const absl::Status explained = CheckSameStream(*header_, response.header());
  return explained.ok() ? failure : OfServer(explained, server);
}

absl::Status RowStream::WithPosition(const absl::Status& status) const {
  if (status.ok() || (position_ == 0 && !absl::IsUnavailable(status))) return status;
  const std::string limit = row_limit_ ? absl::StrCat(" of ", *row_limit_) : "";
  absl::Status positioned(status.code(),
                          absl::StrCat(status.message(), " (received ", position_, limit,
                                       " rows; the next one is row ", next_row(), ")"));
  status.ForEachPayload([&positioned](absl::string_view url, const absl::Cord& payload) {
    positioned.SetPayload(url, payload);
  });
  return positioned;
}

}  // namespace tailcast::client
