#ifndef TAILCAST_TESTS_FAKES_TWO_ANSWER_DENOISER_H_
#define TAILCAST_TESTS_FAKES_TWO_ANSWER_DENOISER_H_

#include <ATen/ATen.h>

#include <utility>
#include <vector>

#include "core/diffusion/denoisers/denoiser.h"

namespace tailcast::diffusion {

// Answers row i with row i of `own` where it is asked for the row's own label, else with row i of
// `other`. Both are parameters, so that a loss's gradient with respect to each can be read.
class TwoAnswerDenoiser final : public Denoiser {
 public:
  // own_labels: [B]; own, other: [B, D]
  TwoAnswerDenoiser(at::Tensor own_labels, const at::Tensor& own_values,
                    const at::Tensor& other_values)
      : own_labels_(std::move(own_labels)) {
    own = register_parameter("own", own_values.clone());
    other = register_parameter("other", other_values.clone());
  }

  at::Tensor Condition(const at::Tensor&, const at::Tensor& labels) override {
    asked.push_back(labels.clone());
    return at::where(labels.eq(own_labels_).unsqueeze(1), own, other);  // [B, D]
  }
  at::Tensor Denoise(const at::Tensor&, const at::Tensor& conditioning) override {
    return conditioning;
  }
  int64_t row_multiply_adds() const override { return 0; }

  at::Tensor own, other;
  std::vector<at::Tensor> asked;  // the labels of each call

 private:
  const at::Tensor own_labels_;
};

}  // namespace tailcast::diffusion

#endif  // TAILCAST_TESTS_FAKES_TWO_ANSWER_DENOISER_H_
