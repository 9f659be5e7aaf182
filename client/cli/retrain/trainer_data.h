#ifndef TAILCAST_CLIENT_CLI_RETRAIN_TRAINER_DATA_H_
#define TAILCAST_CLIENT_CLI_RETRAIN_TRAINER_DATA_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/classifiers/linear_head.h"
#include "core/contract/feature_space.h"
#include "core/data/class_groups.h"
#include "core/training/labelled_rows.h"

namespace tailcast::retrain {

// Files of a remote trainer; none is the server's.
struct TrainerFiles {
  std::string features, validation, test;
  // File of `train encoder`: stage-1 head and class counts.
  std::string encoder;
  // Instead of `encoder`: any safetensors file with classifier.weight and classifier.bias.
  std::string head;
  // Name of the feature space, for features that no encoder of ours made.
  std::string feature_space;
};

// What a trainer has before it opens its test data. Shapes: K classes, D feature_dim.
struct TrainerData {
  training::LabelledRows training, validation;
  classifiers::LinearHead stage1;
  FeatureSpace space;
  std::string dataset;
  std::vector<std::string> class_names;        // [K]
  std::vector<int64_t> class_counts;           // [K], rows of `training`
  std::vector<data::ClassGroup> class_groups;  // [K]

  int64_t num_classes() const { return static_cast<int64_t>(class_names.size()); }
};

// Reads all but the test features, of which it only makes sure that the file exists. Errors as
// ReadFeatureFile() and ReadEncoderFile(); INVALID_ARGUMENT, naming the two files and what differs,
// if they are not of one feature space, one list of classes or one set of training images.
absl::StatusOr<TrainerData> ReadTrainerData(const TrainerFiles& files);

// Reads the test features: once, after every choice was made. INVALID_ARGUMENT as above, and names
// a class without test rows.
absl::StatusOr<training::LabelledRows> ReadTestRows(const TrainerFiles& files,
                                                    const TrainerData& data);

// Class indices of a group, most frequent first.
std::vector<int64_t> ClassesOf(const TrainerData& data, data::ClassGroup group);

}  // namespace tailcast::retrain

#endif  // TAILCAST_CLIENT_CLI_RETRAIN_TRAINER_DATA_H_
