#ifndef TAILCAST_TESTS_CORE_TRAINING_SMALL_IMAGES_H_
#define TAILCAST_TESTS_CORE_TRAINING_SMALL_IMAGES_H_

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "core/training/encoder_trainer.h"
#include "tests/core/data/toy_dataset.h"

namespace tailcast::training {

// Three classes that are easy to tell apart: noise, brighter in a band of rows of the class.
inline data::ImageDataset SmallImages(std::vector<int64_t> counts = {20, 14, 9}) {
  data::ImageDataset dataset = data::ToyDataset(std::move(counts));
  const auto rng = at::detail::createCPUGenerator(/*seed=*/17);
  dataset.images = at::randint(0, 100, dataset.images.sizes(), rng, at::kByte);
  for (int64_t i = 0; i < dataset.size(); ++i) {
    const int64_t top = 5 * dataset.labels[i].item<int64_t>();
    dataset.images[i].slice(0, top, top + 5) += 150;
  }
  return dataset;
}

// Three steps an epoch, the last one of 11 images.
inline EncoderTrainingOptions SmallEncoderOptions() {
  return {.epochs = 3,
          .batch_size = 16,
          .learning_rate = 0.05,
          .augmentation = {.crop_padding = 1},
          .mixup = 0.5};
}

}  // namespace tailcast::training

#endif  // TAILCAST_TESTS_CORE_TRAINING_SMALL_IMAGES_H_
