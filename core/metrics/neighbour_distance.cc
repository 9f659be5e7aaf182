#include "core/metrics/neighbour_distance.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/tensor/checks.h"
#include "core/tensor/torch_status.h"

namespace tailcast::metrics {
namespace {

// Pairs of one block: 16 MiB of distances.
constexpr int64_t kPairsPerBlock = int64_t{1} << 22;
constexpr double kLowQuantile = 0.05;
constexpr double kHighQuantile = 0.95;

absl::Status CheckRows(const at::Tensor& rows, int64_t feature_dim, const std::string& what) {
  RETURN_IF_ERROR(CheckShape(rows, {-1, feature_dim}, what));
  if (rows.size(0) > 0) return CheckFinite(rows, what);
  return absl::InvalidArgumentError(absl::StrCat(what, " are empty; expected one row or more"));
}

// Deviation over the rows; 1 for a dimension that does not vary. [D]
at::Tensor Deviation(const at::Tensor& rows) {
  const at::Tensor deviation = rows.to(at::kDouble).std(/*dim=*/0, /*unbiased=*/false);
  return at::where(deviation > 0, deviation, at::ones_like(deviation)).to(rows.scalar_type());
}

}  // namespace

at::Tensor NearestDistances(const at::Tensor& queries, const at::Tensor& references) {
  const int64_t block = std::max<int64_t>(1, kPairsPerBlock / references.size(0));
  const at::Tensor nearest = at::empty({queries.size(0)}, queries.options());
  for (int64_t start = 0; start < queries.size(0); start += block) {
    const int64_t end = std::min(queries.size(0), start + block);
    // Mode 2, differences before squares: a copy has distance 0, not what cancellation leaves.
    const at::Tensor distances = at::cdist(queries.slice(0, start, end), references, /*p=*/2,
                                           /*compute_mode=*/2);  // [n, M]
    nearest.slice(0, start, end).copy_(distances.amin(/*dim=*/1));
  }
  return nearest;
}

DistanceSummary SummarizeDistances(const at::Tensor& distances) {
  const at::Tensor sorted = std::get<0>(distances.to(at::kDouble).sort()).contiguous();
  const double* values = sorted.const_data_ptr<double>();
  const int64_t last = sorted.numel() - 1;
  const auto quantile = [&](double share) {
    const double rank = share * static_cast<double>(last);
    const auto below = static_cast<int64_t>(rank);
    const int64_t above = std::min(below + 1, last);
    return values[below] + (rank - static_cast<double>(below)) * (values[above] - values[below]);
  };
  return {.minimum = values[0],
          .quantile05 = quantile(kLowQuantile),
          .median = quantile(0.5),
          .quantile95 = quantile(kHighQuantile),
          .rows = last + 1};
}

absl::StatusOr<NeighbourReport> CompareNeighbours(const at::Tensor& training,
                                                  const at::Tensor& generated,
                                                  const at::Tensor& held_out) {
  return CatchTorchErrors([&]() -> absl::StatusOr<NeighbourReport> {
    RETURN_IF_ERROR(CheckRows(training, -1, "training features"));
    RETURN_IF_ERROR(CheckRows(generated, training.size(1), "generated features"));
    RETURN_IF_ERROR(CheckRows(held_out, training.size(1), "held-out features"));
    const at::NoGradGuard no_grad;
    const at::Tensor deviation = Deviation(training);
    const at::Tensor references = training / deviation;
    return NeighbourReport{
        .generated = SummarizeDistances(NearestDistances(generated / deviation, references)),
        .held_out = SummarizeDistances(NearestDistances(held_out / deviation, references))};
  });
}

}  // namespace tailcast::metrics
