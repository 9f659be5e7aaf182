#ifndef TAILCAST_CORE_METRICS_NEIGHBOUR_DISTANCE_H_
#define TAILCAST_CORE_METRICS_NEIGHBOUR_DISTANCE_H_

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "absl/status/statusor.h"

namespace tailcast::metrics {

// Does a generator copy its training rows? Then generated rows lie nearer to them than unseen real
// rows do. Shapes: N rows asked, M training rows, D feature_dim.

// Euclidean distance of each query to its nearest reference, in blocks, so that memory stays
// bounded. queries: [N, D] f32; references: [M, D] f32, M >= 1; returns: [N] f32
at::Tensor NearestDistances(const at::Tensor& queries, const at::Tensor& references);

// Quantiles of a set of distances.
struct DistanceSummary {
  double minimum = 0, quantile05 = 0, median = 0, quantile95 = 0;
  int64_t rows = 0;
};

// distances: [N], N >= 1. Linear interpolation between the two nearest ranks.
DistanceSummary SummarizeDistances(const at::Tensor& distances);

struct NeighbourReport {
  DistanceSummary generated;  // generated row -> nearest training row
  DistanceSummary held_out;   // held-out real row -> nearest training row
};

// Distances after dividing each dimension by its deviation over the training rows.
// INVALID_ARGUMENT if a set is empty or not finite, or the dimensions differ.
absl::StatusOr<NeighbourReport> CompareNeighbours(const at::Tensor& training,
                                                  const at::Tensor& generated,
                                                  const at::Tensor& held_out);

}  // namespace tailcast::metrics

#endif  // TAILCAST_CORE_METRICS_NEIGHBOUR_DISTANCE_H_
