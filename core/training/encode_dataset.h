#ifndef TAILCAST_CORE_TRAINING_ENCODE_DATASET_H_
#define TAILCAST_CORE_TRAINING_ENCODE_DATASET_H_

#include <string>

#include "absl/status/statusor.h"
#include "core/data/feature_file.h"
#include "core/data/image_dataset.h"
#include "core/training/encoder_file.h"
#include "core/training/progress.h"

namespace tailcast::training {

// Features of all images of `dataset`, in its order, without augmentation, with progress in images.
// `part` is kept in the result. INVALID_ARGUMENT if there are no images, naming the part, or if the
// images or the classes are not those of the encoder; CANCELLED once `progress` asks to stop.
absl::StatusOr<data::FeatureSet> EncodeDataset(const EncoderFile& encoder,
                                               const data::ImageDataset& dataset,
                                               const std::string& part, ProgressSink& progress);

}  // namespace tailcast::training

#endif  // TAILCAST_CORE_TRAINING_ENCODE_DATASET_H_
