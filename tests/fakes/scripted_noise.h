#ifndef TAILCAST_TESTS_FAKES_SCRIPTED_NOISE_H_
#define TAILCAST_TESTS_FAKES_SCRIPTED_NOISE_H_

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/tensor/noise_source.h"

namespace tailcast {

// Step s draws `draws[s]`, a step beyond the end the last one. Keeps which steps were drawn.
class ScriptedNoise final : public NoiseSource {
 public:
  explicit ScriptedNoise(std::vector<at::Tensor> draws) : draws_(std::move(draws)) {}

  at::Tensor Draw(uint32_t step) override {
    steps.push_back(step);
    return draws_[std::min<size_t>(step, draws_.size() - 1)].clone();
  }

  std::vector<uint32_t> steps;

 private:
  const std::vector<at::Tensor> draws_;
};

}  // namespace tailcast

#endif  // TAILCAST_TESTS_FAKES_SCRIPTED_NOISE_H_
