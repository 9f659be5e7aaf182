#include "core/metrics/accuracy.h"

#include <ATen/ATen.h>

#include <limits>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/tensor/checks.h"
#include "core/tensor/torch_status.h"

namespace tailcast::metrics {
namespace {

constexpr double kPercent = 100;

struct Tally {
  int64_t right = 0, rows = 0;
  double percent() const {
    if (rows == 0) return std::numeric_limits<double>::quiet_NaN();
    return kPercent * static_cast<double>(right) / static_cast<double>(rows);
  }
  Tally& operator+=(const Tally& other) {
    right += other.right;
    rows += other.rows;
    return *this;
  }
};

std::vector<Tally> TallyByClass(const at::Tensor& predicted, const at::Tensor& labels,
                                size_t num_classes) {
  std::vector<Tally> tallies(num_classes);
  const at::Tensor answers = predicted.contiguous(), truths = labels.contiguous();
  for (int64_t i = 0; i < truths.numel(); ++i) {
    const int64_t truth = truths.const_data_ptr<int64_t>()[i];
    tallies[static_cast<size_t>(truth)] +=
        {.right = answers.const_data_ptr<int64_t>()[i] == truth, .rows = 1};
  }
  return tallies;
}

absl::Status CheckType(const at::Tensor& tensor, const char* what) {
  if (tensor.scalar_type() == at::kLong) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      what, " have element type ", at::toString(tensor.scalar_type()), "; expected Long"));
}

absl::Status CheckRows(const at::Tensor& predicted, const at::Tensor& labels, size_t num_classes) {
  RETURN_IF_ERROR(CheckShape(labels, {-1}, "labels"));
  RETURN_IF_ERROR(CheckShape(predicted, {labels.size(0)}, "predicted classes"));
  RETURN_IF_ERROR(CheckType(labels, "labels"));
  RETURN_IF_ERROR(CheckType(predicted, "predicted classes"));
  if (labels.size(0) == 0) {
    return absl::InvalidArgumentError("labels are empty; expected one row or more");
  }
  return CheckLabels(labels, static_cast<int64_t>(num_classes), "labels");
}

}  // namespace

absl::StatusOr<Accuracy> MeasureAccuracy(const at::Tensor& predicted, const at::Tensor& labels,
                                         const std::vector<data::ClassGroup>& groups) {
  return CatchTorchErrors([&]() -> absl::StatusOr<Accuracy> {
    RETURN_IF_ERROR(CheckRows(predicted, labels, groups.size()));
    const std::vector<Tally> by_class = TallyByClass(predicted, labels, groups.size());
    Accuracy accuracy;
    Tally all, many, medium, few;
    for (size_t c = 0; c < groups.size(); ++c) {
      accuracy.per_class.push_back(by_class[c].percent());
      all += by_class[c];
      if (groups[c] == data::ClassGroup::kMany) many += by_class[c];
      if (groups[c] == data::ClassGroup::kMedium) medium += by_class[c];
      if (groups[c] == data::ClassGroup::kFew) few += by_class[c];
    }
    accuracy.overall = all.percent();
    accuracy.many = many.percent();
    accuracy.medium = medium.percent();
    accuracy.few = few.percent();
    return accuracy;
  });
}

double PercentEqual(const at::Tensor& predicted, const at::Tensor& labels) {
  return kPercent * (predicted == labels).to(at::kDouble).mean().item<double>();
}

}  // namespace tailcast::metrics
