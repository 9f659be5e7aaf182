#include "server/services/encode_call.h"

#include <string>
#include <utility>

#include "core/base/status_macros.h"
#include "core/encoders/trained_encoder.h"
#include "core/tensor/torch_status.h"
#include "proto/convert/contract_proto.h"
#include "server/convert/generate_request.h"
#include "server/rpc/caller.h"
#include "server/rpc/errors.h"
#include "server/services/call_access.h"

namespace tailcast::services {
namespace {

// A guess that decides the call's place; it is charged what it really took.
constexpr double kSecondsPerImage = 1e-3;

}  // namespace

grpc::ServerUnaryReactor* EncodeCall::Start(const ServiceParts& parts,
                                            const grpc::CallbackServerContext& context,
                                            const v1::EncodeRequest& request,
                                            v1::EncodeResponse* response) {
  auto call = std::make_shared<EncodeCall>(parts, context, response);
  call->Hold();
  if (const absl::Status status = call->Open(request); !status.ok()) call->Reply(status);
  return call.get();
}

EncodeCall::EncodeCall(const ServiceParts& parts, const grpc::CallbackServerContext& context,
                       v1::EncodeResponse* response)
    : UnaryCall(DeadlineOf(context), response),
      parts_(parts),
      context_(
          {.caller = rpc::CallerOf(context.peer()), .stop = stop_token(), .deadline = deadline()}),
      access_(BeginAccess("FeatureService.Encode", context)) {}

absl::Status EncodeCall::Open(const v1::EncodeRequest& request) {
  ASSIGN_OR_RETURN(ticket_, parts_.calls.AdmitUnary());
  RETURN_IF_ERROR(CheckRequestSize(request.ByteSizeLong()));
  convert::RequestFields fields;
  options_ = convert::ToEncodeOptions(request, fields);
  auto bundle = parts_.catalog.Acquire(options_.bundle, options_.bundle_digest);
  if (!bundle.ok()) return fields.ok() ? bundle.status() : fields.Error();
  bundle_ = *std::move(bundle);
  access_.bundle = bundle_->resource();
  const auto& encoder = bundle_->bundle().encoder;
  if (encoder != nullptr) {
    convert::CheckImagesAgainst(encoder->spec().input, encoder->feature_dim(), options_, fields);
  }
  if (!fields.ok()) return fields.Error();
  if (encoder == nullptr) return rpc::EncoderMissing(bundle_->resource());

  const int64_t image_count = options_.shape[0];
  auto task = std::make_shared<engine::Task>();
  task->context = context_;
  task->estimated_seconds = static_cast<double>(image_count) * kSecondsPerImage;
  // The images are copied, because the request goes when the caller cancels.
  task->run = [self = std::static_pointer_cast<EncodeCall>(shared_from_this()),
               images = request.images().data()](const absl::Status& status) {
    if (!status.ok()) return self->Reply(status);
    self->Reply(CatchTorchErrors([&] { return self->Encode(images); }));
  };
  return parts_.scheduler.Submit(std::move(task));
}

absl::StatusOr<v1::EncodeResponse> EncodeCall::Encode(const std::string& images) const {
  const auto features =
      bundle_->Encode(images, options_.shape, [this] { return !context_.Wanted().ok(); });
  if (!features.ok()) return features.status();
  v1::EncodeResponse response;
  response.set_bundle(bundle_->resource());
  response.set_bundle_digest(ToBytes(bundle_->bundle().digest));
  response.set_feature_space_digest(ToBytes(bundle_->manifest().feature_space.digest()));
  response.set_numerics_id(ToBytes(bundle_->numerics().id));
  v1::Tensor& tensor = *response.mutable_features();
  tensor.set_data_type(ToProto(options_.wire_type));
  tensor.add_shape(options_.shape[0]);
  tensor.add_shape(static_cast<int64_t>(features->size()) / options_.shape[0]);
  std::string& data = *tensor.mutable_data();
  data.resize(features->size() * WireTypeSize(options_.wire_type));
  EncodeWire(*features, options_.wire_type, data.data());
  return response;
}

void EncodeCall::OnOver(const absl::Status& status) {
  if (status.ok()) {
    const int64_t feature_dim = bundle_->manifest().feature_space.dimension;
    access_.row_count = options_.shape[0];
    access_.byte_count = access_.row_count * convert::RowBytes(options_.wire_type, feature_dim);
  }
  EndAccess(status, access_);
}

}  // namespace tailcast::services
