#ifndef TAILCAST_CORE_DATA_DATASET_FORMATS_H_
#define TAILCAST_CORE_DATA_DATASET_FORMATS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/data/image_dataset.h"

namespace tailcast::data {

// The formats that ReadImageDataset() knows: each returns nothing if the folder holds no files of
// its kind, else the data set or its fault. A new format is a file of this folder plus one line
// there.
using MaybeDataset = std::optional<ImageDataset>;

// MNIST's files.
absl::StatusOr<MaybeDataset> ReadIdxDataset(const std::string& directory, DatasetPart part);
// CIFAR-10's and CIFAR-100's binary files.
absl::StatusOr<MaybeDataset> ReadCifarDataset(const std::string& directory, DatasetPart part);

// Names of all files that a format may read.
std::vector<std::string> IdxFileNames();
std::vector<std::string> CifarFileNames();

// What they share.

// "a/b/" -> "b"
std::string FolderName(absl::string_view directory);
std::string JoinPath(const std::string& directory, const std::string& file);
// Larger files of names are refused unread.
inline constexpr int64_t kMaxNamesBytes = int64_t{1} << 20;
// Names, one a line. INVALID_ARGUMENT names the file and a line without one, or its limit.
absl::StatusOr<std::vector<std::string>> ReadNames(const std::string& path);
// "0", "1", ...
std::vector<std::string> NumberNames(int64_t count);
// A tensor of its own with these bytes, uint8.
at::Tensor BytesTensor(const void* bytes, const std::vector<int64_t>& shape);

}  // namespace tailcast::data

#endif  // TAILCAST_CORE_DATA_DATASET_FORMATS_H_
