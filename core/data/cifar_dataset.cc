#include <ATen/ATen.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/data/dataset_formats.h"
#include "core/io/cifar.h"

namespace tailcast::data {
namespace {

// Files of one CIFAR folder.
struct CifarLayout {
  const char* name;
  CifarFormat format;
  std::vector<std::string> train_files, test_files;
  const char* names_file;
  const std::vector<std::string>& files(DatasetPart part) const {
    return part == DatasetPart::kTrain ? train_files : test_files;
  }
};

const std::vector<CifarLayout>& CifarLayouts() {
  static const auto& layouts = *new std::vector<CifarLayout>{
      {"cifar-10",
       CifarFormat::kCifar10,
       {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
        "data_batch_5.bin"},
       {"test_batch.bin"},
       "batches.meta.txt"},
      {"cifar-100", CifarFormat::kCifar100, {"train.bin"}, {"test.bin"}, "fine_label_names.txt"}};
  return layouts;
}

// The names file is optional: it is not needed to read images.
absl::StatusOr<std::vector<std::string>> CifarClassNames(const std::string& directory,
                                                         const CifarLayout& layout) {
  const int64_t expected = CifarClassCount(layout.format);
  const std::string path = JoinPath(directory, layout.names_file);
  if (!PathExists(path)) return NumberNames(expected);
  ASSIGN_OR_RETURN(std::vector<std::string> names, ReadNames(path));
  if (static_cast<int64_t>(names.size()) != expected) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", path, "' has ", names.size(), " class names; expected ", expected));
  }
  return names;
}

absl::StatusOr<ImageDataset> ReadLayout(const std::string& directory, const CifarLayout& layout,
                                        DatasetPart part) {
  ImageDataset dataset;
  dataset.name = layout.name;
  ASSIGN_OR_RETURN(dataset.class_names, CifarClassNames(directory, layout));
  std::vector<at::Tensor> images, labels;
  for (const std::string& file : layout.files(part)) {
    ASSIGN_OR_RETURN(const CifarImages read, ReadCifar(JoinPath(directory, file), layout.format));
    const auto count = static_cast<int64_t>(read.labels.size());
    images.push_back(
        BytesTensor(read.pixels.data(), {count, kCifarSide, kCifarSide, kCifarChannels}));
    labels.push_back(BytesTensor(read.labels.data(), {count}).to(at::kLong));
  }
  dataset.images = at::cat(images);
  dataset.labels = at::cat(labels);
  return dataset;
}

}  // namespace

std::vector<std::string> CifarFileNames() {
  std::vector<std::string> names;
  for (const CifarLayout& layout : CifarLayouts()) {
    names.emplace_back(layout.names_file);
    for (const DatasetPart part : {DatasetPart::kTrain, DatasetPart::kTest}) {
      names.insert(names.end(), layout.files(part).begin(), layout.files(part).end());
    }
  }
  return names;
}

absl::StatusOr<MaybeDataset> ReadCifarDataset(const std::string& directory, DatasetPart part) {
  for (const CifarLayout& layout : CifarLayouts()) {
    if (PathExists(JoinPath(directory, layout.files(part).front()))) {
      return ReadLayout(directory, layout, part);
    }
  }
  return std::nullopt;
}

}  // namespace tailcast::data
