#include "core/classifiers/linear_head.h"

#include <ATen/ATen.h>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/classifiers/losses.h"
#include "core/io/safetensors.h"
#include "core/tensor/checks.h"

namespace tailcast::classifiers {
namespace {

constexpr const char* kWeight = "classifier.weight";
constexpr const char* kBias = "classifier.bias";

absl::StatusOr<at::Tensor> FindFloat(const NamedTensors& tensors, const char* name,
                                     const std::vector<int64_t>& shape, const std::string& what) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) {
    return absl::InvalidArgumentError(absl::StrCat(what, ": tensor '", name, "' is missing"));
  }
  const std::string tensor_what = absl::StrCat(what, ": tensor '", name, "'");
  RETURN_IF_ERROR(CheckShape(found->second, shape, tensor_what));
  if (found->second.scalar_type() != at::kFloat) {
    return absl::InvalidArgumentError(absl::StrCat(tensor_what, " has element type ",
                                                   at::toString(found->second.scalar_type()),
                                                   "; expected Float"));
  }
  if (!at::isfinite(found->second).all().item<bool>()) {
    return absl::InvalidArgumentError(
        absl::StrCat(tensor_what, " has a NaN or infinite value; expected finite weights"));
  }
  return found->second;
}

}  // namespace

at::Tensor LinearHead::Scores(const at::Tensor& features) const {
  return at::addmm(bias, features, weight.t());  // [N, D] -> [N, K]
}

at::Tensor LinearHead::Predict(const at::Tensor& features) const {
  return Scores(features).argmax(/*dim=*/1);
}

NamedTensors LinearHead::tensors() const { return {{kWeight, weight}, {kBias, bias}}; }

absl::StatusOr<LinearHead> LinearHead::FromTensors(const NamedTensors& tensors,
                                                   const std::string& what, int64_t num_classes,
                                                   int64_t feature_dim) {
  LinearHead head;
  ASSIGN_OR_RETURN(head.weight, FindFloat(tensors, kWeight, {num_classes, feature_dim}, what));
  ASSIGN_OR_RETURN(head.bias, FindFloat(tensors, kBias, {head.weight.size(0)}, what));
  return head;
}

absl::StatusOr<LinearHead> LinearHead::Read(const std::string& path, int64_t num_classes,
                                            int64_t feature_dim) {
  ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::Read(path));
  ASSIGN_OR_RETURN(const NamedTensors tensors, ReadTensors(file));
  return FromTensors(tensors, absl::StrCat("'", path, "'"), num_classes, feature_dim);
}

LinearHead ShiftBias(const LinearHead& head, const std::vector<int64_t>& class_counts,
                     double strength) {
  const at::Tensor shift = strength * LogClassPrior(class_counts);  // [K] f64
  return {.weight = head.weight, .bias = (head.bias.to(at::kDouble) - shift).to(at::kFloat)};
}

}  // namespace tailcast::classifiers
