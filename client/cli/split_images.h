#ifndef TAILCAST_CLIENT_CLI_SPLIT_IMAGES_H_
#define TAILCAST_CLIENT_CLI_SPLIT_IMAGES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/output_file.h"
#include "core/data/image_dataset.h"

namespace tailcast::cli {

// The images of `part` ("train", "validation" or "test") of the data set in a folder: with a split
// file its training or validation images, without one all training images. The test part is never
// split. Wrong usage: validation images without a split.
absl::StatusOr<data::ImageDataset> ReadSplitImages(const std::string& data,
                                                   const std::string& split_path,
                                                   const std::string& part);

// What --data and, if it is not empty, --split have a command read.
std::vector<InputPath> ImageInputs(const std::string& data, const std::string& split_path);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_SPLIT_IMAGES_H_
