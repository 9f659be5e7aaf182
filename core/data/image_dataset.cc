#include "core/data/image_dataset.h"

#include <ATen/ATen.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/data/dataset_formats.h"
#include "core/tensor/torch_status.h"

namespace tailcast::data {
namespace {

absl::StatusOr<ImageDataset> ReadAnyDataset(const std::string& directory, DatasetPart part) {
  for (const auto read : {&ReadIdxDataset, &ReadCifarDataset}) {
    ASSIGN_OR_RETURN(MaybeDataset dataset, read(directory, part));
    if (dataset.has_value()) return *std::move(dataset);
  }
  const bool train = part == DatasetPart::kTrain;
  return absl::NotFoundError(
      absl::StrCat("no data set in '", directory, "'; expected IDX files (",
                   train ? "train" : "t10k", "-images-idx3-ubyte[.gz]) or CIFAR's binary files (",
                   train ? "data_batch_1.bin or train.bin" : "test_batch.bin or test.bin", ")"));
}

}  // namespace

std::vector<int64_t> ImageDataset::class_counts() const {
  const at::Tensor counts = at::bincount(labels, /*weights=*/{}, num_classes()).contiguous();
  const int64_t* begin = counts.const_data_ptr<int64_t>();
  return {begin, begin + counts.numel()};
}

Digest ImageDataset::labels_digest() const {
  const at::Tensor numbers = labels.to(at::kInt).contiguous();
  return Sha256Of({static_cast<const char*>(numbers.const_data_ptr()), numbers.nbytes()});
}

absl::StatusOr<ImageDataset> ReadImageDataset(const std::string& directory, DatasetPart part) {
  return CatchTorchErrors([&] { return ReadAnyDataset(directory, part); });
}

std::vector<std::string> DatasetPaths(const std::string& directory) {
  std::vector<std::string> paths;
  for (const auto names : {&IdxFileNames, &CifarFileNames}) {
    for (const std::string& name : names()) paths.push_back(JoinPath(directory, name));
  }
  return paths;
}

absl::StatusOr<ImageDataset> SelectImages(const ImageDataset& dataset,
                                          absl::Span<const int64_t> indices) {
  for (const int64_t index : indices) {
    if (index < 0 || index >= dataset.size()) {
      return absl::OutOfRangeError(absl::StrCat("image ", index, " of data set '", dataset.name,
                                                "' does not exist; expected 0 to ",
                                                dataset.size() - 1));
    }
  }
  return CatchTorchErrors([&]() -> absl::StatusOr<ImageDataset> {
    const at::Tensor chosen = at::tensor(at::ArrayRef<int64_t>(indices.data(), indices.size()),
                                         at::TensorOptions(at::kLong));
    ImageDataset selected = dataset;
    selected.images = dataset.images.index_select(0, chosen);
    selected.labels = dataset.labels.index_select(0, chosen);
    return selected;
  });
}

}  // namespace tailcast::data
