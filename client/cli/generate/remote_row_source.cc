#include "client/cli/generate/remote_row_source.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "client/library/bundle_catalog.h"
#include "client/library/call_context.h"
#include "client/library/call_verifier.h"
#include "client/library/channel.h"
#include "client/library/error.h"
#include "client/library/row_stream.h"
#include "client/library/stream_spec.h"
#include "core/base/status_macros.h"
#include "core/contract/address.h"
#include "core/contract/wire_type.h"
#include "proto/convert/contract_proto.h"
#include "proto/tailcast/v1/feature_service.grpc.pb.h"

namespace tailcast::generate {
namespace {

constexpr absl::Duration kEstimateTimeout = absl::Seconds(20);

class RemoteRowSource final : public RowSource {
 public:
  RemoteRowSource(client::FailoverOptions failover, v1::GenerateRequest request,
                  v1::GenerateHeader header, WireType wire_type)
      : failover_(std::move(failover)),
        request_(std::move(request)),
        header_(std::move(header)),
        wire_type_(wire_type) {}

  const v1::GenerateHeader& header() const override { return header_; }
  absl::StatusOr<double> EstimateRowsPerSecond() override;
  absl::Status Read(int64_t begin, int64_t end, RowConsumer consume) override;

 private:
  const client::FailoverOptions failover_;
  v1::GenerateRequest request_;
  const v1::GenerateHeader header_;
  const WireType wire_type_;
  std::vector<float> features_;
};

absl::StatusOr<v1::EstimateResponse> Estimate(const client::FailoverOptions& failover,
                                              const v1::GenerateRequest& generate) {
  v1::EstimateRequest request;
  *request.mutable_generate() = generate;
  v1::EstimateResponse response;
  RETURN_IF_ERROR(client::CallWithFailover(failover, [&](const std::string& server) {
    const auto service = v1::FeatureService::NewStub(client::OpenChannel(server));
    client::CallContext context(kEstimateTimeout, failover.stop);
    return client::FromGrpcStatus(service->Estimate(context.get(), request, &response), server);
  }));
  return response;
}

absl::StatusOr<v1::GenerateRequest> MakeRequest(const client::FailoverOptions& failover,
                                                const StreamChoice& choice) {
  ASSIGN_OR_RETURN(const BundleReference reference, ParseBundleReference(choice.bundle));
  ASSIGN_OR_RETURN(const v1::Bundle bundle, client::BundleCatalog(failover).Get(reference));
  const std::vector<int64_t> counts(bundle.training_image_counts().begin(),
                                    bundle.training_image_counts().end());
  ASSIGN_OR_RETURN(const ChosenRows chosen, ChooseRows(choice, counts));
  v1::GenerateRequest request;
  v1::StreamSpec& stream = *request.mutable_stream();
  stream.set_bundle(bundle.name());
  stream.set_bundle_digest(bundle.digest());
  *stream.mutable_plan() = ToProto(chosen.plan);
  stream.set_seed(choice.seed);
  client::ChooseDdim(choice.num_steps, choice.eta, bundle.default_sampler(),
                     *stream.mutable_sampler());
  for (const double weight : chosen.guidance_weights) {
    stream.mutable_sampler()->add_guidance_weights(weight);
  }
  return request;
}

// What to ask for and the header of the answer, as a replica understands a choice.
struct Opened {
  v1::GenerateRequest request;
  v1::GenerateHeader header;
};

// A refusal of the expected address, with addresses as the command line writes them.
absl::Status ExplainAddress(const absl::Status& failure, const std::string& server,
                            const Digest& expected) {
  const client::ErrorDetails details = client::DetailsOf(failure);
  const auto text = details.metadata.find("actual");
  if (details.reason != v1::ERROR_REASON_ADDRESS_MISMATCH || text == details.metadata.end()) {
    return failure;
  }
  const absl::StatusOr<Digest> actual = DigestFromHex(text->second);
  if (!actual.ok()) return failure;
  absl::Status explained(failure.code(),
                         absl::StrCat("server ", server, ": the address of these rows is ",
                                      AddressText(*actual), "; expected ", AddressText(expected)));
  failure.ForEachPayload([&explained](absl::string_view url, const absl::Cord& payload) {
    explained.SetPayload(url, payload);
  });
  return explained;
}

// One attempt at one replica: another may know other versions, counts and samplers by the same
// names.
absl::Status OpenAt(const std::string& server, const RemoteRowOptions& options,
                    const StreamChoice& choice, Opened& opened) {
  client::FailoverOptions once = options.failover;
  once.servers = {server};
  once.retry.retry_for = absl::ZeroDuration();
  ASSIGN_OR_RETURN(opened.request, MakeRequest(once, choice));
  opened.request.set_data_type(ToProto(choice.wire_type));
  if (options.expected_address) {
    opened.request.set_expected_address(ToBytes(*options.expected_address));
  }
  const absl::StatusOr<v1::EstimateResponse> estimate = Estimate(once, opened.request);
  if (!estimate.ok()) {
    return options.expected_address
               ? ExplainAddress(estimate.status(), server, *options.expected_address)
               : estimate.status();
  }
  opened.header = estimate->header();
  return client::CheckHeader(opened.header, opened.request.data_type());
}

absl::StatusOr<double> RemoteRowSource::EstimateRowsPerSecond() {
  ASSIGN_OR_RETURN(const v1::EstimateResponse estimate, Estimate(failover_, request_));
  return estimate.rows_per_second();
}

absl::Status RemoteRowSource::Read(int64_t begin, int64_t end, RowConsumer consume) {
  client::RowStreamOptions options;
  options.failover = failover_;
  options.request = request_;
  options.resume = header_;
  options.request.mutable_rows()->set_start_row(begin);
  options.request.mutable_rows()->set_row_count(end - begin);
  ASSIGN_OR_RETURN(const auto stream, client::RowStream::Open(std::move(options)));
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<client::RowChunk> chunk, stream->Next());
    if (!chunk) break;
    features_.resize(chunk->rows.size() * static_cast<size_t>(header_.feature_dimension()));
    DecodeWire(chunk->payload, wire_type_, absl::MakeSpan(features_));
    RETURN_IF_ERROR(consume({.start_row = chunk->rows.front(),
                             .class_indices = chunk->class_indices,
                             .features = features_}));
  }
  if (stream->row_count() == end - begin) return absl::OkStatus();
  return absl::OutOfRangeError(
      absl::StrCat("the stream ends at row ", stream->next_row(), "; expected rows up to ", end));
}

}  // namespace

absl::StatusOr<std::unique_ptr<RowSource>> OpenRemoteRows(
    const RemoteRowOptions& options, const StreamChoice& choice,
    const std::optional<v1::GenerateHeader>& pinned) {
  Opened opened;
  if (pinned) {
    opened.header = *pinned;
    *opened.request.mutable_stream() = pinned->stream();
    opened.request.set_data_type(ToProto(choice.wire_type));
  } else {
    RETURN_IF_ERROR(client::CallWithFailover(options.failover, [&](const std::string& server) {
      return OpenAt(server, options, choice, opened);
    }));
  }
  return std::make_unique<RemoteRowSource>(options.failover, std::move(opened.request),
                                           std::move(opened.header), choice.wire_type);
}

}  // namespace tailcast::generate
