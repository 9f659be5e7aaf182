#ifndef TAILCAST_TESTS_FAKES_SCRIPTED_NOISE_H_
#define TAILCAST_TESTS_FAKES_SCRIPTED_NOISE_H_

#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

#include "core/tensor/noise_source.h"

namespace tailcast {

// Hands out `draws` in turn, then the last one for ever.
class ScriptedNoise final : public NoiseSource {
 public:
  explicit ScriptedNoise(std::vector<at::Tensor> draws) : draws_(std::move(draws)) {}

  at::Tensor Draw() override {
    const auto& draw = num_draws < draws_.size() ? draws_[num_draws] : draws_.back();
    ++num_draws;
    return draw.clone();
  }

  size_t num_draws = 0;

 private:
  const std::vector<at::Tensor> draws_;
};

}  // namespace tailcast

#endif  // TAILCAST_TESTS_FAKES_SCRIPTED_NOISE_H_
