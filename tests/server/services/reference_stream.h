#ifndef TAILCAST_TESTS_SERVER_SERVICES_REFERENCE_STREAM_H_
#define TAILCAST_TESTS_SERVER_SERVICES_REFERENCE_STREAM_H_

#include <memory>
#include <string>
#include <vector>

#include "core/bundle/bundle.h"
#include "core/contract/checksum.h"
#include "core/contract/wire_type.h"
#include "core/stream/resolve.h"
#include "core/stream/row_generator.h"
#include "core/tensor/compute_threads.h"
#include "tests/core/stream/generators.h"
#include "tests/fakes/test_server.h"

namespace tailcast {

// What a stream must hold, computed in process from the published files: no server, no engine.
class ReferenceStream {
 public:
  ReferenceStream(const bundle::VersionInfo& version, const v1::GenerateRequest& request) {
    UseOneComputeThread();  // as the server's workers
    const auto bundle = bundle::ReadBundle(version.folder).value();
    stream::StreamRequest spec;
    for (const v1::ClassWeight& entry : request.stream().plan().class_weights()) {
      spec.plan.class_weights.push_back({.class_index = entry.class_index(),
                                         .weight = entry.weight(),
                                         .first_ordinal = entry.first_ordinal()});
    }
    spec.plan.order_seed = request.stream().plan().order_seed();
    spec.plan.repeat_period_count = request.stream().plan().repeat_period_count();
    spec.seed = request.stream().seed();
    if (request.stream().sampler().has_ddim()) {
      spec.sampler.num_steps = request.stream().sampler().ddim().step_count();
      spec.sampler.eta = request.stream().sampler().ddim().eta();
    }
    spec.sampler.guidance_weights.assign(request.stream().sampler().guidance_weights().begin(),
                                         request.stream().sampler().guidance_weights().end());
    const auto proof_program =
        stream::SamplerProgram::Compile(bundle->generator, bundle->manifest.default_sampler);
    stream_ = stream::ResolveStream(bundle->manifest, bundle->digest,
                                    stream::ProveNumerics(**proof_program).value(), spec)
                  .value();
    const auto program = stream::SamplerProgram::Compile(bundle->generator, stream_->sampler);
    generator_ = std::make_unique<stream::RowGenerator>(*program, *stream_);
    feature_dim_ = static_cast<size_t>(bundle->generator->feature_dim());
  }

  const stream::ResolvedStream& stream() const { return *stream_; }

  // Class indices as they go on the wire.
  std::string Classes(int64_t start_row, size_t count) const {
    const auto rows = Generate(start_row, count);
    return {reinterpret_cast<const char*>(rows.first.data()), count * sizeof(int32_t)};
  }
  std::string Payload(int64_t start_row, size_t count, WireType type = WireType::kFloat32) const {
    const auto rows = Generate(start_row, count);
    std::string bytes(rows.second.size() * WireTypeSize(type), '\0');
    EncodeWire(rows.second, type, bytes.data());
    return bytes;
  }
  // Of rows start_row, start_row + 1, ...
  uint64_t ChecksumSum(int64_t start_row, size_t count, WireType type = WireType::kFloat32) const {
    const auto rows = Generate(start_row, count);
    std::vector<int64_t> indices(count);
    for (size_t i = 0; i < count; ++i) indices[i] = start_row + static_cast<int64_t>(i);
    return RowChecksumSum(indices, rows.first, Payload(start_row, count, type));
  }

 private:
  std::pair<std::vector<int32_t>, std::vector<float>> Generate(int64_t start_row,
                                                               size_t count) const {
    std::vector<int32_t> classes(count);
    std::vector<float> features(count * feature_dim_);
    EXPECT_TRUE(generator_
                    ->Generate(start_row, stream::NeverCancelled, absl::MakeSpan(classes),
                               absl::MakeSpan(features))
                    .ok());
    return {std::move(classes), std::move(features)};
  }

  std::optional<stream::ResolvedStream> stream_;
  std::unique_ptr<stream::RowGenerator> generator_;
  size_t feature_dim_ = 0;
};

// Header, chunks and summary agree with each other and with the reference.
inline void ExpectStream(const StreamResult& result, const ReferenceStream& reference,
                         int64_t start_row, int64_t row_count, WireType type = WireType::kFloat32) {
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  EXPECT_TRUE(result.in_order);
  ASSERT_TRUE(result.header.has_value());
  EXPECT_EQ(result.header->address(), ToBytes(reference.stream().address()));
  EXPECT_EQ(result.header->recipe_digest(), ToBytes(reference.stream().recipe()));
  int64_t next_row = start_row;
  for (const v1::FeatureChunk& chunk : result.chunks) {
    EXPECT_EQ(chunk.start_row(), next_row);
    EXPECT_EQ(chunk.checksum(),
              ChunkChecksum(chunk.start_row(), chunk.class_indices(), chunk.payload()));
    EXPECT_LE(chunk.row_count(), result.header->chunk_row_count());
    next_row += chunk.row_count();
  }
  ASSERT_EQ(result.RowCount(), row_count);
  const auto count = static_cast<size_t>(row_count);
  EXPECT_EQ(result.Classes(), reference.Classes(start_row, count));
  EXPECT_EQ(result.Payload(), reference.Payload(start_row, count, type));
  ASSERT_TRUE(result.summary.has_value());
  EXPECT_EQ(result.summary->row_count(), row_count);
  EXPECT_EQ(result.summary->next_row(), start_row + row_count);
  EXPECT_EQ(result.summary->row_checksum_sum(), reference.ChecksumSum(start_row, count, type));
}

}  // namespace tailcast

#endif  // TAILCAST_TESTS_SERVER_SERVICES_REFERENCE_STREAM_H_
