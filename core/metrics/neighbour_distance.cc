#include "core/metrics/neighbour_distance.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace tailcast::metrics {
namespace {

// Pairs of one block: 16 MiB of distances.
constexpr int64_t kPairsPerBlock = int64_t{1} << 22;

int64_t QueriesPerBlock(const at::Tensor& references) {
  return std::max<int64_t>(1, kPairsPerBlock / references.size(0));
}

// [n, D], [M, D] -> [n, M]
at::Tensor Distances(const at::Tensor& queries, const at::Tensor& references) {
  // Mode 2, differences before squares: a copy has distance 0, not what cancellation leaves.
  return at::cdist(queries, references, /*p=*/2, /*compute_mode=*/2);
}

}  // namespace

at::Tensor NearestDistances(const at::Tensor& queries, const at::Tensor& references) {
  const at::Tensor nearest = at::empty({queries.size(0)}, queries.options());
  const int64_t block = QueriesPerBlock(references);
  for (int64_t start = 0; start < queries.size(0); start += block) {
    const int64_t end = std::min(queries.size(0), start + block);
    const at::Tensor distances = Distances(queries.slice(0, start, end), references);
    nearest.slice(0, start, end).copy_(distances.amin(/*dim=*/1));
  }
  return nearest;
}

at::Tensor DistancesToOtherRows(const at::Tensor& rows, const at::Tensor& indices) {
  const at::Tensor nearest = at::empty({indices.size(0)}, rows.options());
  const int64_t block = QueriesPerBlock(rows);
  for (int64_t start = 0; start < indices.size(0); start += block) {
    const int64_t end = std::min(indices.size(0), start + block);
    const at::Tensor own = indices.slice(0, start, end);
    const at::Tensor distances = Distances(rows.index_select(/*dim=*/0, own), rows);
    distances.scatter_(/*dim=*/1, own.unsqueeze(1), std::numeric_limits<float>::infinity());
    nearest.slice(0, start, end).copy_(distances.amin(/*dim=*/1));
  }
  return nearest;
}

}  // namespace tailcast::metrics
