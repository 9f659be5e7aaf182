#include "server/services/estimate_call.h"

#include <memory>
#include <utility>

#include "core/base/status_macros.h"
#include "server/convert/generate_request.h"
#include "server/rpc/caller.h"
#include "server/services/call_access.h"

namespace tailcast::services {

grpc::ServerUnaryReactor* EstimateCall::Start(const ServiceParts& parts, ProgramSource& programs,
                                              const grpc::CallbackServerContext& context,
                                              const v1::EstimateRequest& request,
                                              v1::EstimateResponse* response) {
  auto call = std::make_shared<EstimateCall>(parts, context, response);
  call->Hold();
  const absl::Status status = call->Open(request, programs);
  if (!status.ok()) call->Reply(status);
  return call.get();
}

EstimateCall::EstimateCall(const ServiceParts& parts, const grpc::CallbackServerContext& context,
                           v1::EstimateResponse* response)
    : UnaryCall(DeadlineOf(context), response),
      parts_(parts),
      caller_(rpc::CallerOf(context.peer())),
      access_(BeginAccess("FeatureService.Estimate", context)) {}

absl::Status EstimateCall::Open(const v1::EstimateRequest& request, ProgramSource& programs) {
  ASSIGN_OR_RETURN(ticket_, parts_.calls.AdmitUnary());
  RETURN_IF_ERROR(CheckRequestSize(request.ByteSizeLong()));
  ASSIGN_OR_RETURN(prepared_, PrepareStream(request.generate(), parts_.catalog));
  access_.bundle = prepared_->bundle->resource();
  return programs.Get(
      prepared_->bundle, prepared_->stream.sampler,
      {.caller = caller_, .stop = stop_token(), .deadline = deadline()},
      [self = std::static_pointer_cast<EstimateCall>(shared_from_this())](auto program) {
        if (!program.ok()) return self->Reply(program.status());
        self->Reply(self->Estimate(**program));
      });
}

v1::EstimateResponse EstimateCall::Estimate(const engine::SharedProgram& program) const {
  v1::EstimateResponse response;
  *response.mutable_header() = prepared_->header;
  if (!prepared_->endless) response.set_row_count(prepared_->row_count);
  response.set_row_flops(program.program().row_flops());
  response.set_rows_per_second(parts_.scheduler.num_workers() / program.seconds_per_row());
  response.set_queue_seconds(parts_.scheduler.QueueSeconds());
  response.set_row_bytes(convert::RowBytes(prepared_->wire_type, program.program().feature_dim()) +
                         static_cast<int64_t>(sizeof(int32_t)));
  return response;
}

void EstimateCall::OnOver(const absl::Status& status) { EndAccess(status, access_); }

}  // namespace tailcast::services
