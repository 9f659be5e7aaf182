#include "client/cli/split_images.h"

#include "client/cli/command.h"
#include "core/base/status_macros.h"
#include "core/data/long_tail_split.h"

namespace tailcast::cli {

absl::StatusOr<data::ImageDataset> ReadSplitImages(const std::string& data,
                                                   const std::string& split_path,
                                                   const std::string& part) {
  if (part == "test") return data::ReadImageDataset(data, data::DatasetPart::kTest);
  if (split_path.empty()) {
    if (part == "train") return data::ReadImageDataset(data, data::DatasetPart::kTrain);
    return WrongUsage("--part validation needs --split, the file that says which images they are");
  }
  ASSIGN_OR_RETURN(const data::LongTailSplit split, data::ReadSplitFile(split_path));
  ASSIGN_OR_RETURN(const data::ImageDataset train,
                   data::ReadImageDataset(data, data::DatasetPart::kTrain));
  RETURN_IF_ERROR(data::CheckSplitFits(split, train, split_path));
  return data::SelectImages(train, part == "train" ? split.train : split.validation);
}

std::vector<InputPath> ImageInputs(const std::string& data, const std::string& split_path) {
  std::vector<InputPath> inputs = {{"--split", split_path}};
  for (const std::string& path : data::DatasetPaths(data)) inputs.push_back({"--data", path});
  return inputs;
}

}  // namespace tailcast::cli
