#ifndef TAILCAST_CORE_TRAINING_WEIGHT_INIT_H_
#define TAILCAST_CORE_TRAINING_WEIGHT_INIT_H_

#include <ATen/core/Generator.h>

#include <cstdint>

#include "core/classifiers/linear_head.h"

namespace torch::nn {
class Module;
}

namespace tailcast::training {

// Draws the weights of all convolutions: normal with variance 2 / (kernel places * output
// channels), He et al. 2015 (https://arxiv.org/abs/1502.01852), eq. 14. Scales and shifts stay as
// the network made them.
void DrawConvolutionWeights(torch::nn::Module& module, at::Generator rng);

// Weights uniform in +-1/sqrt(feature_dim), bias zero.
classifiers::LinearHead DrawLinearHead(int64_t num_classes, int64_t feature_dim, at::Generator rng);

}  // namespace tailcast::training

#endif  // TAILCAST_CORE_TRAINING_WEIGHT_INIT_H_
