#include "client/cli/retrain/feature_figures.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/data/class_groups.h"
#include "core/diffusion/feature_space.h"
#include "core/metrics/neighbour_distance.h"
#include "core/metrics/principal_components.h"
#include "core/tensor/torch_status.h"

namespace tailcast::retrain {
namespace {

// What a picture can show.
constexpr size_t kMaxPanels = 6;
constexpr int64_t kMaxPoints = 250;
constexpr int64_t kComponents = 2;
// Rows whose neighbours are sought.
constexpr int64_t kMaxQueries = 1000;

// At most `limit` of the indices, evenly spread. [N] -> [M]
at::Tensor Thinned(const at::Tensor& indices, int64_t limit) {
  const int64_t step = (indices.size(0) + limit - 1) / limit;
  return step <= 1 ? indices : indices.slice(/*dim=*/0, /*start=*/0, /*end=*/{}, step);
}

// Indices of the rows of these classes; of every class if `classes` is empty. [N]
at::Tensor RowsOf(const training::LabelledRows& rows, const std::vector<int64_t>& classes) {
  if (classes.empty()) return at::arange(rows.size(), at::kLong);
  return at::isin(rows.labels, at::tensor(classes, at::kLong)).nonzero().squeeze(/*dim=*/1);
}

std::vector<double> ToVector(const at::Tensor& values) {
  const at::Tensor doubles = values.to(at::kDouble).contiguous();
  const double* begin = doubles.const_data_ptr<double>();
  return {begin, begin + doubles.numel()};
}

report::Points ProjectClass(const metrics::PrincipalComponents& components,
                            const training::LabelledRows& rows, int64_t class_index) {
  const at::Tensor chosen = Thinned(RowsOf(rows, {class_index}), kMaxPoints);
  if (chosen.size(0) == 0) return {};
  const at::Tensor projected =
      components.Project(rows.features.index_select(/*dim=*/0, chosen));  // [N, 2]
  return {.x = ToVector(projected.select(1, 0)), .y = ToVector(projected.select(1, 1))};
}

report::DistanceFigures Summarize(const at::Tensor& distances, double copy_distance) {
  const std::vector<double> shares(report::kQuantileShares.begin(), report::kQuantileShares.end());
  const at::Tensor doubles = distances.to(at::kDouble);
  return {.rows = distances.size(0),
          .quantiles = ToVector(at::quantile(doubles, at::tensor(shares, at::kDouble))),
          .copies = doubles.lt(copy_distance).sum().item<int64_t>()};
}

// All sets in one space, in which every dimension has deviation 1.
struct ScaledSets {
  training::LabelledRows training, held_out, generated;
};

void AddGroupDistances(const ScaledSets& sets, const std::vector<int64_t>& classes,
                       const std::string& group, report::RunFigures& figures) {
  const at::Tensor training_rows = Thinned(RowsOf(sets.training, classes), kMaxQueries);
  if (training_rows.size(0) == 0 || sets.training.size() < 2) return;
  const at::Tensor between = metrics::DistancesToOtherRows(sets.training.features, training_rows);
  const double copy_distance = report::kCopyShare * between.median().item<double>();
  figures.distances[group + "/training"] = Summarize(between, copy_distance);
  const auto add = [&](const char* name, const training::LabelledRows& rows) {
    const at::Tensor chosen = Thinned(RowsOf(rows, classes), kMaxQueries);
    if (chosen.size(0) == 0) return;
    const at::Tensor distances = metrics::NearestDistances(
        rows.features.index_select(/*dim=*/0, chosen), sets.training.features);
    figures.distances[group + name] = Summarize(distances, copy_distance);
  };
  add("/held_out", sets.held_out);
  add("/generated", sets.generated);
}

}  // namespace

absl::Status AddProjection(const TrainerData& data, const training::LabelledRows& generated,
                           report::RunFigures& figures) {
  return CatchTorchErrors([&]() -> absl::Status {
    const at::NoGradGuard no_grad;
    std::vector<int64_t> classes = ClassesOf(data, data::ClassGroup::kFew);
    if (classes.size() > kMaxPanels) classes.erase(classes.begin(), classes.end() - kMaxPanels);
    if (classes.empty() || data.space.dimension < kComponents) return absl::OkStatus();
    const at::Tensor rows = RowsOf(data.training, classes);
    if (rows.size(0) <= kComponents) return absl::OkStatus();
    ASSIGN_OR_RETURN(const metrics::PrincipalComponents components,
                     metrics::FitPrincipalComponents(
                         data.training.features.index_select(/*dim=*/0, rows), kComponents));
    figures.explained_shares = ToVector(components.explained_variance);
    for (const int64_t k : classes) {
      figures.projection[absl::StrCat(k)] = {
          .training = ProjectClass(components, data.training, k),
          .held_out = ProjectClass(components, data.validation, k),
          .generated = ProjectClass(components, generated, k)};
    }
    return absl::OkStatus();
  });
}

absl::Status AddDistances(const TrainerData& data, const training::LabelledRows& generated,
                          report::RunFigures& figures) {
  return CatchTorchErrors([&]() -> absl::Status {
    const at::NoGradGuard no_grad;
    const auto scale = diffusion::Standardization::Of(data.training.features);
    const auto scaled = [&](const training::LabelledRows& rows) {
      return training::LabelledRows{scale.Standardize(rows.features), rows.labels};
    };
    const ScaledSets sets = {.training = scaled(data.training),
                             .held_out = scaled(data.validation),
                             .generated = scaled(generated)};
    AddGroupDistances(sets, {}, "all", figures);
    const std::vector<int64_t> few = ClassesOf(data, data::ClassGroup::kFew);
    if (!few.empty()) AddGroupDistances(sets, few, "few", figures);
    return absl::OkStatus();
  });
}

}  // namespace tailcast::retrain
