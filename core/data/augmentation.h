#ifndef TAILCAST_CORE_DATA_AUGMENTATION_H_
#define TAILCAST_CORE_DATA_AUGMENTATION_H_

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace tailcast::data {

struct AugmentationOptions {
  // Zero pixels added on each side before a window of the old size is cut out at random; 0 for
  // none. 4 as in papers.md 1.1.
  int64_t crop_padding = 4;
  // Mirrors every other image, by chance.
  bool horizontal_flip = true;
};

// Crops and flips each image by draws of its own.
//
// images:  [N, H, W, C] uint8 on the CPU
// returns: the same shape and type
at::Tensor Augment(const at::Tensor& images, const AugmentationOptions& options, at::Generator rng);

}  // namespace tailcast::data

#endif  // TAILCAST_CORE_DATA_AUGMENTATION_H_
