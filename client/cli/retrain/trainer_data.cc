#include "client/cli/retrain/trainer_data.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/data/class_names.h"
#include "core/data/feature_file.h"
#include "core/training/encoder_file.h"

namespace tailcast::retrain {
namespace {

absl::StatusOr<data::FeatureSet> ReadFeatures(const std::string& path, const TrainerFiles& files,
                                              int64_t num_classes) {
  data::FeatureFileOptions options;
  options.imported_name = files.feature_space;
  options.num_classes = num_classes;
  return data::ReadFeatureFile(path, options);
}

// Rows of another file of the trainer, after they were found to belong to the training features.
absl::StatusOr<training::LabelledRows> ReadMatching(const std::string& path,
                                                    const TrainerFiles& files,
                                                    const TrainerData& data) {
  ASSIGN_OR_RETURN(const data::FeatureSet set, ReadFeatures(path, files, data.num_classes()));
  RETURN_IF_ERROR(data::CheckSameSpace(set.space, absl::StrCat("'", path, "'"), data.space,
                                       absl::StrCat("'", files.features, "'")));
  RETURN_IF_ERROR(data::CheckSameClasses(set.class_names, absl::StrCat("'", path, "'"),
                                         data.class_names, absl::StrCat("'", files.features, "'")));
  return training::LabelledRows{set.features, set.labels};
}

absl::Status ReadStage1FromEncoder(const TrainerFiles& files, TrainerData& data) {
  ASSIGN_OR_RETURN(const training::EncoderFile encoder, training::ReadEncoderFile(files.encoder));
  RETURN_IF_ERROR(data::CheckSameSpace(data.space, absl::StrCat("'", files.features, "'"),
                                       encoder.space(), absl::StrCat("'", files.encoder, "'")));
  RETURN_IF_ERROR(data::CheckSameClasses(encoder.class_names, absl::StrCat("'", files.encoder, "'"),
                                         data.class_names, absl::StrCat("'", files.features, "'")));
  if (encoder.class_counts != data.class_counts) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", files.features, "' has ", absl::StrJoin(data.class_counts, ", "),
                     " rows of the classes; expected the training images of '", files.encoder,
                     "': ", absl::StrJoin(encoder.class_counts, ", ")));
  }
  data.stage1 = encoder.head;
  return absl::OkStatus();
}

absl::Status ReadStage1FromHead(const TrainerFiles& files, TrainerData& data) {
  ASSIGN_OR_RETURN(data.stage1, classifiers::LinearHead::Read(files.head, data.num_classes(),
                                                              data.space.dimension));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TrainerData> ReadTrainerData(const TrainerFiles& files) {
  ASSIGN_OR_RETURN(data::FeatureSet set, ReadFeatures(files.features, files, /*num_classes=*/0));
  TrainerData data;
  data.training = {set.features, set.labels};
  data.space = set.space;
  data.dataset = set.dataset;
  data.class_counts = set.class_counts();
  data.class_names = std::move(set.class_names);
  data.class_groups = data::GroupClassesByRank(data.class_counts);
  ASSIGN_OR_RETURN(data.validation, ReadMatching(files.validation, files, data));
  RETURN_IF_ERROR(files.head.empty() ? ReadStage1FromEncoder(files, data)
                                     : ReadStage1FromHead(files, data));
  if (!PathExists(files.test)) {
    return absl::NotFoundError(absl::StrCat("no test features '", files.test, "'"));
  }
  return data;
}

absl::StatusOr<training::LabelledRows> ReadTestRows(const TrainerFiles& files,
                                                    const TrainerData& data) {
  ASSIGN_OR_RETURN(training::LabelledRows rows, ReadMatching(files.test, files, data));
  const at::Tensor counts = rows.labels.bincount(/*weights=*/{}, data.num_classes());
  for (int64_t k = 0; k < data.num_classes(); ++k) {
    if (counts[k].item<int64_t>() > 0) continue;
    return absl::InvalidArgumentError(absl::StrCat("'", files.test, "' has no row of class ", k,
                                                   " (", data.class_names[k],
                                                   "); expected rows of every class"));
  }
  return rows;
}

std::vector<int64_t> ClassesOf(const TrainerData& data, data::ClassGroup group) {
  std::vector<int64_t> classes;
  for (int64_t k = 0; k < data.num_classes(); ++k) {
    if (data.class_groups[k] == group) classes.push_back(k);
  }
  std::stable_sort(classes.begin(), classes.end(), [&](int64_t a, int64_t b) {
    return data.class_counts[a] > data.class_counts[b];
  });
  return classes;
}

}  // namespace tailcast::retrain
