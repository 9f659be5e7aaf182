#ifndef TAILCAST_CORE_METRICS_NEIGHBOUR_DISTANCE_H_
#define TAILCAST_CORE_METRICS_NEIGHBOUR_DISTANCE_H_

#include <ATen/core/Tensor.h>

namespace tailcast::metrics {

// Does a generator copy its training rows? Then generated rows lie nearer to them than unseen real
// rows do. Shapes: N rows asked, M reference rows, D feature_dim. Distances are Euclidean, of rows
// as they come: scale the dimensions first. Work goes in blocks, so memory stays bounded.
// LibTorch's exceptions pass through.

// Distance of each query to its nearest reference. queries: [N, D] f32; references: [M, D] f32,
// M >= 1; returns: [N] f32
at::Tensor NearestDistances(const at::Tensor& queries, const at::Tensor& references);

// Distance of some of the rows to the nearest other row; infinite if there is no other. rows: [M,
// D] f32, M >= 1; indices: [N] i64, each in [0, M); returns: [N] f32
at::Tensor DistancesToOtherRows(const at::Tensor& rows, const at::Tensor& indices);

}  // namespace tailcast::metrics

#endif  // TAILCAST_CORE_METRICS_NEIGHBOUR_DISTANCE_H_
