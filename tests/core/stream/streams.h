#ifndef TAILCAST_TESTS_CORE_STREAM_STREAMS_H_
#define TAILCAST_TESTS_CORE_STREAM_STREAMS_H_

#include <memory>
#include <utility>
#include <vector>

#include "core/stream/numerics.h"
#include "core/stream/resolved_stream.h"
#include "core/stream/row_generator.h"
#include "tests/core/stream/generators.h"

namespace tailcast::stream {

// Weights of 3, 5 and 11 rows for classes 0, 2 and 4 of five.
inline PlanSpec UnevenPlan() {
  return {.class_weights = {{.class_index = 0, .weight = 3},
                            {.class_index = 2, .weight = 5, .first_ordinal = 1000},
                            {.class_index = 4, .weight = 11}},
          .order_seed = 9};
}

inline Numerics NumericsOf(Invariance invariance, std::vector<int32_t> tile_rows) {
  Numerics numerics;
  numerics.invariance = invariance;
  numerics.tile_rows = std::move(tile_rows);
  return numerics;
}

inline ResolvedStream StreamOf(const SamplerSpec& sampler, Numerics numerics,
                               const PlanSpec& plan = UnevenPlan()) {
  return {.bundle_digest = {},
          .sampler = sampler,
          .plan = Plan::Create(plan).value(),
          .seed = 42,
          .numerics = std::move(numerics)};
}

// Every field differs from its default.
inline ResolvedStream GuidedStream() {
  ResolvedStream stream = StreamOf({.method = SamplerMethod::kDdim,
                                    .num_steps = 7,
                                    .eta = 0.25,
                                    .guidance_weights = {0.5, -0.5}},
                                   NumericsOf(Invariance::kRow, {16}));
  stream.bundle_digest.fill(9);
  stream.numerics.id.fill(8);
  return stream;
}

// Rows of a stream with their classes; both empty after an error.
struct Rows {
  std::vector<int32_t> class_indices;
  std::vector<float> features;
  bool operator==(const Rows&) const = default;
};

inline Rows GenerateRows(const RowGenerator& generator, int64_t start_row, size_t count,
                         size_t feature_dim) {
  Rows rows = {.class_indices = std::vector<int32_t>(count),
               .features = std::vector<float>(count * feature_dim)};
  const absl::Status status = generator.Generate(
      start_row, NeverCancelled, absl::MakeSpan(rows.class_indices), absl::MakeSpan(rows.features));
  return status.ok() ? rows : Rows();
}

inline Rows Slice(const Rows& rows, size_t begin, size_t count, size_t dim) {
  return {.class_indices = {rows.class_indices.begin() + begin,
                            rows.class_indices.begin() + begin + count},
          .features = {rows.features.begin() + begin * dim,
                       rows.features.begin() + (begin + count) * dim}};
}

}  // namespace tailcast::stream

#endif  // TAILCAST_TESTS_CORE_STREAM_STREAMS_H_
