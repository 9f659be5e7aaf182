#ifndef TAILCAST_CORE_ENCODERS_ENCODER_H_
#define TAILCAST_CORE_ENCODERS_ENCODER_H_

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>

namespace tailcast::encoders {

// Turns normalised images into features (the penultimate layer of a classifier).
//
// Make one with MakeEncoder(). A new encoder is a class in this folder plus one line there.
// Shapes: N images, C channels, H height, W width, D feature_dim.
class Encoder : public torch::nn::Module {
 public:
  // images:  [N, C, H, W] f32, normalised
  // returns: [N, D]
  virtual at::Tensor forward(const at::Tensor& images) = 0;

  virtual int64_t feature_dim() const = 0;
  // Numbers that forward() holds at once for one image, at most.
  virtual int64_t peak_activations(int64_t height, int64_t width) const = 0;
  // True if features are never below 0.
  virtual bool non_negative() const = 0;
};

}  // namespace tailcast::encoders

#endif  // TAILCAST_CORE_ENCODERS_ENCODER_H_
