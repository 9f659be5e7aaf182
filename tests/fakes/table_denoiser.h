#ifndef TAILCAST_TESTS_FAKES_TABLE_DENOISER_H_
#define TAILCAST_TESTS_FAKES_TABLE_DENOISER_H_

#include <ATen/ATen.h>

#include "core/diffusion/denoisers/denoiser.h"

namespace tailcast::diffusion {

// Answers a vector learned per label, whatever it is shown: the gradient of a loss with respect to
// the predictions can be read off `table`.
class TableDenoiser final : public Denoiser {
 public:
  // table: [K + 1, D], or [K, D] where no row is without a class
  explicit TableDenoiser(const at::Tensor& values) {
    table = register_parameter("table", values.clone());
  }

  at::Tensor Condition(const at::Tensor&, const at::Tensor& labels) override {
    return table.index_select(/*dim=*/0, labels);
  }
  at::Tensor Denoise(const at::Tensor&, const at::Tensor& conditioning) override {
    return conditioning;
  }
  int64_t row_multiply_adds() const override { return 0; }

  at::Tensor table;
};

}  // namespace tailcast::diffusion

#endif  // TAILCAST_TESTS_FAKES_TABLE_DENOISER_H_
