#ifndef TAILCAST_TESTS_CORE_DATA_TOY_DATASET_H_
#define TAILCAST_TESTS_CORE_DATA_TOY_DATASET_H_

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "core/data/image_dataset.h"

namespace tailcast::data {

// `counts[c]` images of class c, of `side` pixels, interleaved class by class in the order of the
// files; every pixel of image i is i mod 251.
inline ImageDataset ToyDataset(std::vector<int64_t> counts, int64_t side = 16,
                               int64_t channels = 1) {
  ImageDataset dataset;
  dataset.name = "toy";
  std::vector<int64_t> labels;
  for (size_t c = 0; c < counts.size(); ++c)
    dataset.class_names.push_back("class" + std::to_string(c));
  for (bool any = true; any;) {
    any = false;
    for (size_t c = 0; c < counts.size(); ++c) {
      if (counts[c] == 0) continue;
      --counts[c];
      labels.push_back(static_cast<int64_t>(c));
      any = true;
    }
  }
  const auto size = static_cast<int64_t>(labels.size());
  dataset.labels = at::tensor(labels, at::kLong);
  dataset.images = at::arange(size, at::kLong)
                       .remainder(251)
                       .to(at::kByte)
                       .reshape({size, 1, 1, 1})
                       .expand({size, side, side, channels})
                       .contiguous();
  return dataset;
}

}  // namespace tailcast::data

#endif  // TAILCAST_TESTS_CORE_DATA_TOY_DATASET_H_
