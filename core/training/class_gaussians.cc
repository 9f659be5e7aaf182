#include <ATen/ATen.h>

#include <numeric>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/tensor/torch_status.h"
#include "core/training/controls.h"
#include "core/training/refit_objective.h"

namespace tailcast::training {
namespace {

// Share of the pooled covariance in that of a class (papers.md 1.7, arm D).
constexpr double kPooledShare = 0.5;
// Added to a covariance's diagonal, relative to its mean, so that it can be factored.
constexpr double kJitter = 1e-6;

struct ClassMoments {
  at::Tensor means;                     // [K, D] f64
  std::vector<at::Tensor> covariances;  // K x [D, D] f64; undefined for a class of one row
  at::Tensor pooled;                    // [D, D] f64, within classes
};

// Biased (divided by n) within each class; pooled over all rows.
ClassMoments MomentsOf(const LabelledRows& real, int64_t num_classes) {
  const at::Tensor features = real.features.to(at::kDouble);  // [N, D]
  const int64_t feature_dim = features.size(1);
  ClassMoments moments{.means = at::zeros({num_classes, feature_dim}, features.options()),
                       .covariances = std::vector<at::Tensor>(static_cast<size_t>(num_classes)),
                       .pooled = at::zeros({feature_dim, feature_dim}, features.options())};
  for (int64_t c = 0; c < num_classes; ++c) {
    const at::Tensor rows = features.index_select(0, (real.labels == c).nonzero().flatten());
    if (rows.size(0) == 0) continue;
    moments.means[c] = rows.mean(/*dim=*/0);
    const at::Tensor centred = rows - moments.means[c];       // [n, D]
    const at::Tensor scatter = at::mm(centred.t(), centred);  // [D, D]
    moments.pooled += scatter / features.size(0);
    if (rows.size(0) > 1) moments.covariances[static_cast<size_t>(c)] = scatter / rows.size(0);
  }
  return moments;
}

// Lower factor of the covariance that class `c` is sampled with. [D, D]
at::Tensor Factor(const ClassMoments& moments, size_t c) {
  const at::Tensor& own = moments.covariances[c];
  const at::Tensor covariance =
      own.defined() ? at::Tensor(kPooledShare * moments.pooled + (1 - kPooledShare) * own)
                    : moments.pooled;
  // A covariance of zeros (all rows equal) still needs a positive diagonal.
  const double level = covariance.diagonal().mean().item<double>();
  const double jitter = level > 0 ? kJitter * level : kJitter;
  return at::linalg_cholesky(covariance +
                             jitter * at::eye(covariance.size(0), covariance.options()));
}

absl::Status CheckCounts(const LabelledRows& real, const std::vector<int64_t>& row_counts) {
  RETURN_IF_ERROR(
      CheckRefitRows(real, {}, static_cast<int64_t>(row_counts.size()), /*anchor=*/std::nullopt));
  const at::Tensor real_counts = at::bincount(real.labels, {}, row_counts.size());
  for (size_t c = 0; c < row_counts.size(); ++c) {
    if (row_counts[c] < 0) {
      return absl::InvalidArgumentError(absl::StrCat("the count of Gaussian rows of class ", c,
                                                     " is ", row_counts[c],
                                                     "; expected 0 or more"));
    }
    if (row_counts[c] > 0 && real_counts[static_cast<int64_t>(c)].item<int64_t>() == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("class ", c, " has no real row; expected one or more to fit a Gaussian"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LabelledRows> SampleClassGaussians(const LabelledRows& real,
                                                  const std::vector<int64_t>& row_counts,
                                                  bool non_negative, at::Generator rng) {
  return CatchTorchErrors([&]() -> absl::StatusOr<LabelledRows> {
    RETURN_IF_ERROR(CheckCounts(real, row_counts));
    const ClassMoments moments = MomentsOf(real, static_cast<int64_t>(row_counts.size()));
    const int64_t total = std::accumulate(row_counts.begin(), row_counts.end(), int64_t{0});
    const int64_t feature_dim = real.features.size(1);
    LabelledRows rows{.features = at::empty({total, feature_dim}, at::kFloat),
                      .labels = at::empty({total}, at::kLong)};
    int64_t start = 0;
    for (size_t c = 0; c < row_counts.size(); ++c) {
      const int64_t end = start + row_counts[c];
      if (end == start) continue;
      const at::Tensor normal =
          at::empty({end - start, feature_dim}, at::kDouble).normal_(/*mean=*/0, /*std=*/1, rng);
      const at::Tensor drawn =
          at::addmm(moments.means[static_cast<int64_t>(c)], normal, Factor(moments, c).t());
      rows.features.slice(0, start, end).copy_(drawn);
      rows.labels.slice(0, start, end).fill_(static_cast<int64_t>(c));
      start = end;
    }
    if (non_negative) rows.features.clamp_min_(0);
    return rows;
  });
}

}  // namespace tailcast::training
