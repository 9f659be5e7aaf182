#include "core/tensor/checks.h"

#include <ATen/ATen.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tailcast {
namespace {

constexpr int64_t kAnySize = -1;

std::string ShapeText(at::IntArrayRef shape) {
  return absl::StrCat("[",
                      absl::StrJoin(shape, ", ",
                                    [](std::string* out, int64_t size) {
                                      if (size == kAnySize) {
                                        absl::StrAppend(out, "*");
                                      } else {
                                        absl::StrAppend(out, size);
                                      }
                                    }),
                      "]");
}

// "row 3, column 7" of element `index`; "element 3" of a vector.
std::string PlaceText(const at::Tensor& tensor, int64_t index) {
  if (tensor.dim() < 2) return absl::StrCat("element ", index);
  const int64_t columns = tensor.numel() / tensor.size(0);
  return absl::StrCat("row ", index / columns, ", column ", index % columns);
}

}  // namespace

absl::Status CheckShape(const at::Tensor& tensor, const std::vector<int64_t>& shape,
                        const std::string& what) {
  if (!tensor.defined()) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " is missing; expected shape ", ShapeText(shape)));
  }
  bool fits = tensor.dim() == static_cast<int64_t>(shape.size());
  for (size_t i = 0; fits && i < shape.size(); ++i) {
    fits = shape[i] == kAnySize || shape[i] == tensor.size(i);
  }
  if (fits) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, " has shape ", ShapeText(tensor.sizes()),
                                                 "; expected ", ShapeText(shape)));
}

absl::Status CheckFinite(const at::Tensor& tensor, const std::string& what) {
  const auto wrong = at::isfinite(tensor).logical_not().flatten();  // [N * D]
  if (!wrong.any().item<bool>()) return absl::OkStatus();
  const int64_t index = wrong.to(at::kByte).argmax().item<int64_t>();
  return absl::InvalidArgumentError(absl::StrCat(what, ": ", PlaceText(tensor, index), " is ",
                                                 tensor.flatten()[index].item<double>(),
                                                 "; expected finite numbers"));
}

absl::Status CheckLabels(const at::Tensor& labels, int64_t num_classes, const std::string& what) {
  if (labels.scalar_type() != at::kLong) {
    return absl::InvalidArgumentError(absl::StrCat(
        what, " has element type ", toString(labels.scalar_type()), "; expected Long"));
  }
  const auto wrong = labels.lt(0).logical_or(labels.ge(num_classes)).flatten();  // [N]
  if (!wrong.any().item<bool>()) return absl::OkStatus();
  const int64_t index = wrong.to(at::kByte).argmax().item<int64_t>();
  return absl::InvalidArgumentError(absl::StrCat(what, ": element ", index, " is ",
                                                 labels.flatten()[index].item<int64_t>(),
                                                 "; expected a class in [0, ", num_classes, ")"));
}

}  // namespace tailcast
