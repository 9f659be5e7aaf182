// Any bytes, read as a GenerateRequest: conversion says what is wrong and never crashes, and what
// it accepts lies within the limits.
#include <google/protobuf/stubs/logging.h>

#include "server/convert/generate_request.h"
#include "server/rpc/limits.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/request_check.h"

namespace tailcast {
namespace {

v1::GenerateRequest Seed() {
  v1::GenerateRequest request;
  v1::StreamSpec& stream = *request.mutable_stream();
  stream.set_bundle("bundles/faces/versions/3");
  stream.set_bundle_digest(std::string(32, '\1'));
  stream.mutable_sampler()->mutable_ddim()->set_step_count(16);
  stream.mutable_sampler()->add_guidance_weights(-0.5);
  for (int i = 0; i < 3; ++i) {
    v1::ClassWeight& weight = *stream.mutable_plan()->add_class_weights();
    weight.set_class_index(i);
    weight.set_weight(i + 1);
  }
  request.mutable_rows()->set_start_row(100);
  request.mutable_rows()->mutable_shard()->set_shard_count(4);
  request.mutable_rows()->mutable_shard()->set_block_row_count(64);
  return request;
}

void CheckAccepted(const convert::GenerateOptions& options) {
  FuzzCheck(options.bundle.version.has_value() != options.bundle.label.has_value(),
            "a reference has a version or a label");
  FuzzCheck(options.start_row >= 0 && options.row_count >= 0, "rows are not negative");
  FuzzCheck(options.max_chunk_bytes >= 0 && options.max_chunk_bytes <= rpc::kMaxChunkBytes,
            "chunks are within the limit");
  const ShardRows rows(options.shard, options.start_row);
  FuzzCheck(rows.RowAt(0) >= options.start_row, "the first row is not before the start");
  FuzzCheck(rows.RowAt(1) > rows.RowAt(0) || rows.RowAt(1) == INT64_MAX, "rows ascend");
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  v1::GenerateRequest label = Seed();
  label.mutable_stream()->set_bundle("bundles/faces/labels/stable");
  label.mutable_rows()->clear_shard();
  label.mutable_stream()->mutable_sampler()->mutable_dpm_solver();
  return {Seed().SerializeAsString(), label.SerializeAsString(), ""};
}

}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const google::protobuf::LogSilencer silencer;  // malformed text is expected here
  tailcast::v1::GenerateRequest request;
  if (!request.ParseFromArray(data, static_cast<int>(size))) return 0;
  tailcast::convert::RequestFields fields;
  const auto options = tailcast::convert::ToGenerateOptions(request, fields);
  if (fields.ok()) {
    tailcast::CheckAccepted(options);
    return 0;
  }
  tailcast::CheckRefusal(fields);
  return 0;
}
