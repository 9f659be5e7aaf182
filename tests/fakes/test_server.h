#ifndef TAILCAST_TESTS_FAKES_TEST_SERVER_H_
#define TAILCAST_TESTS_FAKES_TEST_SERVER_H_

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "grpcpp/create_channel.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"
#include "proto/tailcast/v1/bundle_service.grpc.pb.h"
#include "proto/tailcast/v1/feature_service.grpc.pb.h"
#include "server/server.h"
#include "tests/core/base/scratch_folder.h"
#include "tests/fakes/fake_program.h"
#include "tests/fakes/published_bundle.h"

namespace tailcast {

// Everything that one call of Generate brought.
struct StreamResult {
  grpc::Status status;
  std::optional<v1::GenerateHeader> header;
  std::vector<v1::FeatureChunk> chunks;
  std::optional<v1::GenerateSummary> summary;
  // Messages came as header, chunks, summary.
  bool in_order = true;

  std::string Classes() const { return Joined(&v1::FeatureChunk::class_indices); }
  std::string Payload() const { return Joined(&v1::FeatureChunk::payload); }
  int64_t RowCount() const { return static_cast<int64_t>(Classes().size() / sizeof(int32_t)); }

 private:
  std::string Joined(const std::string& (v1::FeatureChunk::*field)() const) const {
    std::string bytes;
    for (const v1::FeatureChunk& chunk : chunks) bytes += (chunk.*field)();
    return bytes;
  }
};

inline void AddMessage(v1::GenerateResponse response, StreamResult& result) {
  const bool is_first = !result.header.has_value();
  result.in_order &= is_first == response.has_header() && !result.summary.has_value();
  if (response.has_header()) result.header = response.header();
  if (response.has_chunk()) result.chunks.push_back(std::move(*response.mutable_chunk()));
  if (response.has_summary()) result.summary = response.summary();
}

// What a client finds in the trailers.
template <typename Detail>
std::optional<Detail> DetailOf(const grpc::Status& status) {
  google::rpc::Status wire;
  EXPECT_TRUE(wire.ParseFromString(status.error_details()));
  for (const auto& any : wire.details()) {
    Detail detail;
    if (any.UnpackTo(&detail)) return detail;
  }
  return std::nullopt;
}

inline std::string ReasonOf(const grpc::Status& status) {
  const auto info = DetailOf<google::rpc::ErrorInfo>(status);
  return info.has_value() ? info->reason() : "";
}

inline std::string MetadataOf(const grpc::Status& status, const std::string& key) {
  const auto info = DetailOf<google::rpc::ErrorInfo>(status);
  if (!info.has_value() || info->metadata().count(key) == 0) return "";
  return info->metadata().at(key);
}

inline std::vector<std::string> WrongFieldsOf(const grpc::Status& status) {
  std::vector<std::string> fields;
  const auto bad_request = DetailOf<google::rpc::BadRequest>(status);
  if (!bad_request.has_value()) return fields;
  for (const auto& violation : bad_request->field_violations()) fields.push_back(violation.field());
  return fields;
}

// A real server on loopback with a repository of its own, and a client.
class TestServer {
 public:
  TestServer() : repository_(folder_.File("repository")) {
    options_.listen = "127.0.0.1:0";
    options_.engine.num_workers = 2;
    options_.catalog.repository = repository_;
    options_.catalog.poll_interval = absl::Milliseconds(50);
    bundle::Repository::OpenOrCreate(repository_).value();
  }

  const std::string& repository() const { return repository_; }
  // To be changed before Start().
  ServerOptions& options() { return options_; }
  Server& server() { return *server_; }
  bool running() const { return server_ != nullptr; }

  bundle::VersionInfo Publish(const std::string& name,
                              const bundle::TestBundleOptions& options = {}) {
    return bundle::PublishTestBundle(repository_, name, options);
  }

  // Bundles load a program that hands out known rows; call before Start().
  std::shared_ptr<const engine::FakeProgram> UseFakeProgram(
      const engine::FakeProgram::Options& program_options, stream::Numerics numerics) {
    auto program = std::make_shared<const engine::FakeProgram>(program_options);
    options_.catalog.loader = [program, numerics](const bundle::VersionInfo& version,
                                                  const std::stop_token&)
        -> absl::StatusOr<std::shared_ptr<const bundles::ServedBundle>> {
      auto bundle = bundle::ReadBundle(version.folder);
      if (!bundle.ok()) return bundle.status();
      return std::make_shared<const bundles::ServedBundle>(
          bundles::LoadedBundle{.version = version,
                                .bundle = *bundle,
                                .numerics = numerics,
                                .compile = [program](const SamplerSpec&) { return program; },
                                .seconds_per_flop = 1e-9});
    };
    return program;
  }

  void Start() {
    auto server = Server::Create(options_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    // A channel of its own: gRPC shares connections between equal ones.
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel_ = grpc::CreateCustomChannel(server_->address(), grpc::InsecureChannelCredentials(),
                                         arguments);
    features_ = v1::FeatureService::NewStub(channel_);
    bundles_ = v1::BundleService::NewStub(channel_);
  }

  void Stop(absl::Duration grace = absl::Seconds(10)) {
    server_->Shutdown(grace);
    server_.reset();
  }

  v1::FeatureService::Stub& features() { return *features_; }
  v1::BundleService::Stub& bundles() { return *bundles_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  v1::Bundle::State StateOf(const std::string& resource) {
    grpc::ClientContext context;
    v1::GetBundleRequest request;
    request.set_name(resource);
    v1::Bundle bundle;
    return bundles_->GetBundle(&context, request, &bundle).ok() ? bundle.state()
                                                                : v1::Bundle::STATE_UNSPECIFIED;
  }

  // True once the version has the state; waits at most ten seconds.
  bool AwaitState(const std::string& resource, v1::Bundle::State state) {
    for (int i = 0; i < 500; ++i) {
      if (StateOf(resource) == state) return true;
      absl::SleepFor(absl::Milliseconds(20));
    }
    return false;
  }
  bool AwaitActive(const std::string& resource) {
    return AwaitState(resource, v1::Bundle::STATE_ACTIVE);
  }

  // Reads to the end, or cancels after so many chunks.
  StreamResult Generate(const v1::GenerateRequest& request, int64_t cancel_after_chunks = -1) {
    grpc::ClientContext context;
    return Generate(context, request, cancel_after_chunks);
  }
  StreamResult Generate(grpc::ClientContext& context, const v1::GenerateRequest& request,
                        int64_t cancel_after_chunks = -1) {
    StreamResult result;
    const auto reader = features_->Generate(&context, request);
    v1::GenerateResponse response;
    while (reader->Read(&response)) {
      AddMessage(std::move(response), result);
      if (static_cast<int64_t>(result.chunks.size()) == cancel_after_chunks) context.TryCancel();
    }
    result.status = reader->Finish();
    return result;
  }

  // False if calls live on for ten seconds.
  bool AwaitNoCalls() {
    for (int i = 0; i < 5000 && server_->living_calls() > 0; ++i) {
      absl::SleepFor(absl::Milliseconds(2));
    }
    return server_->living_calls() == 0;
  }

 private:
  ScratchFolder folder_;
  const std::string repository_;
  ServerOptions options_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::FeatureService::Stub> features_;
  std::unique_ptr<v1::BundleService::Stub> bundles_;
};

// 3, 5 and 11 rows of classes 0, 2 and 4 in each period.
inline v1::GenerateRequest RequestOf(const std::string& bundle, int64_t start_row,
                                     int64_t row_count) {
  v1::GenerateRequest request;
  v1::StreamSpec& stream = *request.mutable_stream();
  stream.set_bundle(bundle);
  for (const auto& [class_index, weight] : {std::pair{0, 3}, {2, 5}, {4, 11}}) {
    v1::ClassWeight& entry = *stream.mutable_plan()->add_class_weights();
    entry.set_class_index(class_index);
    entry.set_weight(weight);
  }
  stream.mutable_plan()->set_order_seed(9);
  stream.set_seed(42);
  request.mutable_rows()->set_start_row(start_row);
  request.mutable_rows()->set_row_count(row_count);
  return request;
}

}  // namespace tailcast

#endif  // TAILCAST_TESTS_FAKES_TEST_SERVER_H_
