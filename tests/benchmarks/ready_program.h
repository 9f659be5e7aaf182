#ifndef TAILCAST_TESTS_BENCHMARKS_READY_PROGRAM_H_
#define TAILCAST_TESTS_BENCHMARKS_READY_PROGRAM_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/stream/sampler_program.h"

namespace tailcast {

// A sampler that computes nothing: every tile is the same ready rows, so that only the way from the
// engine to the client is seen.
class ReadyProgram final : public stream::SamplerProgram {
 public:
  ReadyProgram(int64_t feature_dim, int64_t num_classes, int64_t max_tile_rows)
      : feature_dim_(feature_dim), num_classes_(num_classes), rows_(feature_dim * max_tile_rows) {
    for (size_t i = 0; i < rows_.size(); ++i) rows_[i] = static_cast<float>(i % 1000) / 7.0f;
  }

  absl::Status RunTile(absl::Span<const stream::TileRow>, int32_t, absl::FunctionRef<bool()>,
                       absl::Span<float> out) const override {
    std::copy_n(rows_.begin(), out.size(), out.begin());
    return absl::OkStatus();
  }

  absl::StatusOr<std::shared_ptr<const stream::SamplerProgram>> WithSampler(
      const SamplerSpec&) const override {
    return std::make_shared<const ReadyProgram>(*this);
  }

  int64_t feature_dim() const override { return feature_dim_; }
  int64_t num_classes() const override { return num_classes_; }
  const SamplerSpec& spec() const override { return spec_; }
  double row_flops() const override { return 1.0; }

 private:
  const int64_t feature_dim_;
  const int64_t num_classes_;
  const SamplerSpec spec_;
  std::vector<float> rows_;
};

}  // namespace tailcast

#endif  // TAILCAST_TESTS_BENCHMARKS_READY_PROGRAM_H_
