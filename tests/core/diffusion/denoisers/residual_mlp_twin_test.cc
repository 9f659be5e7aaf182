#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/diffusion/denoisers/make_denoiser.h"
#include "core/tensor/module_io.h"

namespace tailcast::diffusion {
namespace {

using Vector = std::vector<double>;

const DenoiserSpec kSpec = {
    .feature_dim = 3, .num_classes = 4, .hidden_dim = 6, .embedding_dim = 8, .num_blocks = 2};

double Silu(double x) { return x / (1.0 + std::exp(-x)); }

Vector Map(Vector x, double (*function)(double)) {
  for (double& value : x) value = function(value);
  return x;
}

Vector Add(Vector a, const Vector& b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

Vector LayerNorm(const Vector& x) {
  constexpr double kEpsilon = 1e-5;
  double mean = 0.0, variance = 0.0;
  for (const double value : x) mean += value / x.size();
  for (const double value : x) variance += (value - mean) * (value - mean) / x.size();
  Vector normal;
  for (const double value : x) normal.push_back((value - mean) / std::sqrt(variance + kEpsilon));
  return normal;
}

// The network of one row, written down with loops over numbers.
class Twin {
 public:
  explicit Twin(NamedTensors tensors) : tensors_(std::move(tensors)) {}

  Vector Denoise(const Vector& noisy, int64_t t, int64_t label) const {
    const Vector time = Linear("time_output", Map(Linear("time_input", Embedding(t)), Silu));
    const Vector condition = Map(Add(time, Row("label_embedding", label)), Silu);
    const Vector modulation = Linear("modulation", condition);
    Vector x = Linear("input", noisy);
    for (int64_t block = 0; block < kSpec.num_blocks; ++block) {
      const int64_t start = block * 2 * kSpec.hidden_dim;
      Vector inner = LayerNorm(x);
      for (int64_t i = 0; i < kSpec.hidden_dim; ++i) {
        inner[i] =
            inner[i] * (1.0 + modulation[start + i]) + modulation[start + kSpec.hidden_dim + i];
      }
      const std::string name = absl::StrCat("block", block);
      x = Add(x, Linear(name + ".output", Map(Linear(name + ".hidden", inner), Silu)));
    }
    return Linear("output", x);
  }

 private:
  static Vector Embedding(int64_t t) {
    const int64_t half = kSpec.embedding_dim / 2;
    Vector embedding(kSpec.embedding_dim);
    for (int64_t i = 0; i < half; ++i) {
      const double angle = t * std::exp(-std::log(10'000.0) * i / half);
      embedding[i] = std::sin(angle);
      embedding[half + i] = std::cos(angle);
    }
    return embedding;
  }

  Vector Row(const std::string& name, int64_t row) const {
    const auto values = tensors_.at(name)[row].to(at::kDouble).contiguous();
    return {values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()};
  }

  Vector Linear(const std::string& name, const Vector& x) const {
    const int64_t outputs = tensors_.at(name + ".bias").size(0);
    Vector y(outputs);
    for (int64_t i = 0; i < outputs; ++i) {
      const Vector weights = Row(name + ".weight", i);
      y[i] = tensors_.at(name + ".bias")[i].item<double>();
      for (size_t j = 0; j < x.size(); ++j) y[i] += weights[j] * x[j];
    }
    return y;
  }

  const NamedTensors tensors_;
};

TEST(ResidualMlpTest, EqualsItsTwinOfPlainLoops) {
  const at::NoGradGuard no_grad;
  const auto denoiser = MakeDenoiser(kSpec).value();
  auto rng = at::detail::createCPUGenerator(/*seed=*/3);
  for (auto& parameter : denoiser->parameters()) parameter.normal_(0.0, 0.5, rng);
  const Twin twin(ModuleTensors(*denoiser));
  const auto noisy = at::randn({5, kSpec.feature_dim}, rng);
  const auto timesteps = at::tensor({0, 1, 10, 500, 999}, at::kLong);
  const auto labels = at::tensor({0, 1, 2, 3, 4}, at::kLong);

  const auto answers = denoiser->forward(noisy, timesteps, labels);

  for (int64_t row = 0; row < 5; ++row) {
    Vector input;
    for (int64_t d = 0; d < kSpec.feature_dim; ++d) input.push_back(noisy[row][d].item<double>());
    const Vector expected =
        twin.Denoise(input, timesteps[row].item<int64_t>(), labels[row].item<int64_t>());
    for (int64_t d = 0; d < kSpec.feature_dim; ++d) {
      EXPECT_NEAR(answers[row][d].item<double>(), expected[d], 1e-5 * (1 + std::abs(expected[d])));
    }
  }
}

}  // namespace
}  // namespace tailcast::diffusion
