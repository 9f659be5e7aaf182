#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/data/dataset_formats.h"
#include "core/io/idx.h"

namespace tailcast::data {
namespace {

constexpr const char* kFashionMnist = "fashion-mnist";
constexpr const char* kClassNamesFile = "classes.txt";
constexpr const char* kImagesSuffix = "-images-idx3-ubyte";
constexpr const char* kLabelsSuffix = "-labels-idx1-ubyte";
constexpr const char* kEndings[] = {"", ".gz"};
constexpr size_t kImageDims = 3;

const std::vector<std::string>& FashionMnistNames() {
  static const auto& names =
      *new std::vector<std::string>{"T-shirt", "trouser", "pullover", "dress", "coat",
                                    "sandal",  "shirt",   "sneaker",  "bag",   "ankle boot"};
  return names;
}

// The path of an IDX file, plain or compressed; nothing if there is neither.
std::optional<std::string> FindIdx(const std::string& directory, const std::string& file) {
  for (const char* ending : kEndings) {
    std::string path = absl::StrCat(JoinPath(directory, file), ending);
    if (PathExists(path)) return path;
  }
  return std::nullopt;
}

std::string IdxPrefix(DatasetPart part) { return part == DatasetPart::kTrain ? "train" : "t10k"; }

// What the folder says about its classes, or as many numbers as there are labels.
absl::StatusOr<std::vector<std::string>> IdxClassNames(const std::string& directory,
                                                       int64_t label_end) {
  const std::string path = JoinPath(directory, kClassNamesFile);
  if (PathExists(path)) {
    ASSIGN_OR_RETURN(std::vector<std::string> names, ReadNames(path));
    if (!names.empty()) return names;
    return absl::InvalidArgumentError(
        absl::StrCat("'", path, "' has no names; expected one for each class"));
  }
  if (FolderName(directory) == kFashionMnist) return FashionMnistNames();
  return NumberNames(label_end);
}

absl::Status CheckLabelBytes(absl::string_view labels, size_t num_classes,
                             const std::string& path) {
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto label = static_cast<uint8_t>(labels[i]);
    if (label >= num_classes) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", path, "' has label ", static_cast<int>(label), " at index ", i,
                       "; expected 0 to ", static_cast<int64_t>(num_classes) - 1));
    }
  }
  return absl::OkStatus();
}

struct IdxPair {
  std::string images_path, labels_path;
  ByteArray images, labels;
};

absl::Status CheckShapes(const IdxPair& pair) {
  if (pair.images.shape.size() != kImageDims) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", pair.images_path, "' has ", pair.images.shape.size(), " dimensions; expected 3"));
  }
  if (pair.labels.shape.size() != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", pair.labels_path, "' has ", pair.labels.shape.size(), " dimensions; expected 1"));
  }
  if (pair.labels.shape[0] != pair.images.shape[0]) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", pair.labels_path, "' has ", pair.labels.shape[0],
                     " labels; expected one for each of the ", pair.images.shape[0], " images of '",
                     pair.images_path, "'"));
  }
  if (pair.images.data.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", pair.images_path, "' has no images; expected one or more"));
  }
  return absl::OkStatus();
}

absl::StatusOr<IdxPair> ReadIdxPair(const std::string& images_path, const std::string& directory,
                                    DatasetPart part) {
  IdxPair pair;
  pair.images_path = images_path;
  const std::string labels_file = IdxPrefix(part) + kLabelsSuffix;
  const auto labels_path = FindIdx(directory, labels_file);
  if (!labels_path.has_value()) {
    return absl::NotFoundError(absl::StrCat("no '", JoinPath(directory, labels_file),
                                            "' (or .gz) beside the images; expected their labels"));
  }
  pair.labels_path = *labels_path;
  ASSIGN_OR_RETURN(pair.images, ReadIdx(pair.images_path));
  ASSIGN_OR_RETURN(pair.labels, ReadIdx(pair.labels_path));
  RETURN_IF_ERROR(CheckShapes(pair));
  return pair;
}

}  // namespace

std::vector<std::string> IdxFileNames() {
  std::vector<std::string> names = {kClassNamesFile};
  for (const DatasetPart part : {DatasetPart::kTrain, DatasetPart::kTest}) {
    for (const char* suffix : {kImagesSuffix, kLabelsSuffix}) {
      for (const char* ending : kEndings) {
        names.push_back(absl::StrCat(IdxPrefix(part), suffix, ending));
      }
    }
  }
  return names;
}

absl::StatusOr<MaybeDataset> ReadIdxDataset(const std::string& directory, DatasetPart part) {
  const auto images_path = FindIdx(directory, IdxPrefix(part) + kImagesSuffix);
  if (!images_path.has_value()) return std::nullopt;
  ASSIGN_OR_RETURN(const IdxPair pair, ReadIdxPair(*images_path, directory, part));
  const absl::string_view labels = pair.labels.data;
  const auto largest = std::max_element(labels.begin(), labels.end(), [](char a, char b) {
    return static_cast<uint8_t>(a) < static_cast<uint8_t>(b);
  });
  ImageDataset dataset;
  dataset.name = FolderName(directory);
  ASSIGN_OR_RETURN(dataset.class_names,
                   IdxClassNames(directory, static_cast<uint8_t>(*largest) + int64_t{1}));
  RETURN_IF_ERROR(CheckLabelBytes(labels, dataset.class_names.size(), pair.labels_path));
  const std::vector<int64_t>& shape = pair.images.shape;
  dataset.images = BytesTensor(pair.images.data.data(), {shape[0], shape[1], shape[2], 1});
  dataset.labels = BytesTensor(labels.data(), {shape[0]}).to(at::kLong);
  return dataset;
}

}  // namespace tailcast::data
