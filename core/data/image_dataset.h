#ifndef TAILCAST_CORE_DATA_IMAGE_DATASET_H_
#define TAILCAST_CORE_DATA_IMAGE_DATASET_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/base/digest.h"

namespace tailcast::data {

enum class DatasetPart { kTrain, kTest };

// Labelled images, in the order of their files. Shapes: N images, H height, W width, C channels
// (1 gray, 3 RGB).
struct ImageDataset {
  std::string name{};  // "fashion-mnist": the folder's name
  std::vector<std::string> class_names{};
  at::Tensor images{};  // [N, H, W, C] uint8
  at::Tensor labels{};  // [N] int64 in [0, K)

  int64_t size() const { return labels.size(0); }
  int64_t num_classes() const { return static_cast<int64_t>(class_names.size()); }
  // Number of images of each class. [K]
  std::vector<int64_t> class_counts() const;
  // SHA-256 over the labels, a little-endian int32 each, in order: tells whether a split belongs to
  // these images.
  Digest labels_digest() const;
};

// Reads one part of the data set in a folder, whose files decide its format:
// - IDX: {train,t10k}-{images-idx3,labels-idx1}-ubyte, plain or .gz. Class names come from
//   `classes.txt` (one a line) where there is one, are Fashion-MNIST's in a folder `fashion-mnist`,
//   else "0", "1", ...
// - CIFAR-10 binary: data_batch_1..5.bin, test_batch.bin, names from batches.meta.txt.
// - CIFAR-100 binary: train.bin, test.bin, fine labels, names from fine_label_names.txt.
//
// NOT_FOUND names the folder and what was expected in it; INVALID_ARGUMENT names the file, the
// value and what was expected: damaged files, counts of images and labels that differ, labels out
// of range.
absl::StatusOr<ImageDataset> ReadImageDataset(const std::string& directory, DatasetPart part);

// Paths of all files that ReadImageDataset() may read in the folder, whether they are there or not.
std::vector<std::string> DatasetPaths(const std::string& directory);

// The images at `indices`, in that order. OUT_OF_RANGE names an index outside [0, N).
absl::StatusOr<ImageDataset> SelectImages(const ImageDataset& dataset,
                                          absl::Span<const int64_t> indices);

}  // namespace tailcast::data

#endif  // TAILCAST_CORE_DATA_IMAGE_DATASET_H_
