#include "tests/client/library/fake_server.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/digest.h"
#include "proto/convert/contract_proto.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"

namespace tailcast::client {

ShardRows FakeCall::rows() const {
  return ShardRows(ShardOf(request.rows()), request.rows().start_row());
}

void FakeCall::SendHeader(const v1::GenerateHeader& header) {
  v1::GenerateResponse response;
  *response.mutable_header() = header;
  writer.Write(response);
}

void FakeCall::SendSummary(const v1::GenerateSummary& summary) {
  v1::GenerateResponse response;
  *response.mutable_summary() = summary;
  writer.Write(response);
}

grpc::Status FakeBundleService::GetBundle(grpc::ServerContext* /*context*/,
                                          const v1::GetBundleRequest* request,
                                          v1::Bundle* response) {
  if (bundle.name().empty()) {
    return {grpc::StatusCode::NOT_FOUND, absl::StrCat("no ", request->name())};
  }
  *response = bundle;
  return grpc::Status::OK;
}

FakeServer::FakeServer(FakeScript script, int port) : script_(std::move(script)) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(absl::StrCat("127.0.0.1:", port), grpc::InsecureServerCredentials(),
                           &port_);
  builder.RegisterService(this);
  builder.RegisterService(&bundles_);
  server_ = builder.BuildAndStart();
}

FakeServer::~FakeServer() {
  if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
}

std::string FakeServer::address() const { return absl::StrCat("127.0.0.1:", port_); }

std::vector<v1::GenerateRequest> FakeServer::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

grpc::Status FakeServer::Generate(grpc::ServerContext* context, const v1::GenerateRequest* request,
                                  grpc::ServerWriter<v1::GenerateResponse>* writer) {
  int number = 0;
  {
    std::lock_guard lock(mutex_);
    number = static_cast<int>(requests_.size());
    requests_.push_back(*request);
  }
  FakeCall call{.request = *request, .writer = *writer, .context = *context, .number = number};
  return script_(call);
}

grpc::Status FakeServer::Estimate(grpc::ServerContext* context, const v1::EstimateRequest* request,
                                  v1::EstimateResponse* response) {
  ++estimate_count_;
  while (hold_estimates_ && !context->IsCancelled()) absl::SleepFor(absl::Milliseconds(2));
  const std::string& expected = request->generate().expected_address();
  if (!expected.empty() && expected != estimate_.address()) {
    return MakeError({.code = grpc::StatusCode::FAILED_PRECONDITION,
                      .message = "another address",
                      .reason = v1::ERROR_REASON_ADDRESS_MISMATCH,
                      .metadata = {{"expected", ToHex(*DigestFromBytes(expected))},
                                   {"actual", ToHex(*DigestFromBytes(estimate_.address()))}}});
  }
  *response->mutable_header() = estimate_;
  return grpc::Status::OK;
}

void ServeRows(const FakeTable& table, FakeCall& call, int64_t count, int64_t chunk_rows) {
  v1::GenerateHeader header = table.Header();
  header.set_chunk_row_count(static_cast<int32_t>(chunk_rows));
  call.SendHeader(header);
  for (int64_t done = 0; done < count && !call.context.IsCancelled();) {
    const int64_t rows = std::min(chunk_rows, count - done);
    if (!call.writer.Write(table.Chunk(call.rows(), done, rows))) return;
    done += rows;
  }
}

grpc::Status ServeAll(const FakeTable& table, FakeCall& call, int64_t chunk_rows) {
  const int64_t count = call.request.rows().row_count();
  ServeRows(table, call, count, chunk_rows);
  call.SendSummary(table.Summary(call.rows(), 0, count));
  return grpc::Status::OK;
}

grpc::Status MakeError(const FakeError& error) {
  google::rpc::Status wire;
  wire.set_code(static_cast<int>(error.code));
  wire.set_message(error.message);
  if (error.reason != v1::ERROR_REASON_UNSPECIFIED) {
    google::rpc::ErrorInfo info;
    info.set_domain("tailcast");
    info.set_reason(v1::ErrorReason_Name(error.reason).substr(std::string("ERROR_REASON_").size()));
    for (const auto& [key, value] : error.metadata) (*info.mutable_metadata())[key] = value;
    wire.add_details()->PackFrom(info);
  }
  if (error.retry_delay > absl::ZeroDuration()) {
    google::rpc::RetryInfo info;
    info.mutable_retry_delay()->set_nanos(
        static_cast<int32_t>(absl::ToInt64Nanoseconds(error.retry_delay) % 1000000000));
    info.mutable_retry_delay()->set_seconds(absl::ToInt64Seconds(error.retry_delay));
    wire.add_details()->PackFrom(info);
  }
  if (!error.field_violations.empty()) {
    google::rpc::BadRequest request;
    for (const auto& [field, text] : error.field_violations) {
      request.add_field_violations()->set_field(field);
      request.mutable_field_violations()->rbegin()->set_description(text);
    }
    wire.add_details()->PackFrom(request);
  }
  return grpc::Status(error.code, error.message, wire.SerializeAsString());
}

}  // namespace tailcast::client
