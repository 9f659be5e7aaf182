#ifndef TAILCAST_CORE_TENSOR_CHECKS_H_
#define TAILCAST_CORE_TENSOR_CHECKS_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace tailcast {

// Checks of what a client or a file brought. INVALID_ARGUMENT names `what`, the actual and the
// expected.

// -1 in `shape` stands for any size.
absl::Status CheckShape(const at::Tensor& tensor, const std::vector<int64_t>& shape,
                        const std::string& what);

// Names the first row and column that is NaN or infinite. tensor: [N, D] floating.
absl::Status CheckFinite(const at::Tensor& tensor, const std::string& what);

// Names the first label outside [0, num_classes). labels: [N] int64.
absl::Status CheckLabels(const at::Tensor& labels, int64_t num_classes, const std::string& what);

}  // namespace tailcast

#endif  // TAILCAST_CORE_TENSOR_CHECKS_H_
