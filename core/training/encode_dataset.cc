#include "core/training/encode_dataset.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace tailcast::training {
namespace {

// Passes of the encoder between two reports: about a second of work on one thread, and enough for
// many threads.
constexpr int64_t kPassesPerReport = 32;

// images: [N, H, W, C] -> [N, D]
absl::StatusOr<at::Tensor> EncodeAll(const encoders::TrainedEncoder& encoder,
                                     const at::Tensor& images, ProgressSink& progress) {
  const int64_t count = images.size(0);
  const int64_t images_per_report = kPassesPerReport * encoder.images_per_pass();
  std::vector<at::Tensor> features;
  for (int64_t start = 0; start < count; start += images_per_report) {
    const int64_t end = std::min(count, start + images_per_report);
    ASSIGN_OR_RETURN(features.emplace_back(), encoder.Encode(images.slice(0, start, end), [&] {
      return progress.stop_requested();
    }));
    progress.Advance(end, {});
  }
  return at::cat(features);
}

}  // namespace

absl::StatusOr<data::FeatureSet> EncodeDataset(const EncoderFile& encoder,
                                               const data::ImageDataset& dataset,
                                               const std::string& part, ProgressSink& progress) {
  if (dataset.class_names != encoder.class_names) {
    return absl::InvalidArgumentError(absl::StrCat(
        "data set '", dataset.name, "' has ", dataset.num_classes(), " classes; expected the same ",
        encoder.class_names.size(), " as those of the data set '", encoder.dataset,
        "', on which the encoder was trained"));
  }
  if (dataset.size() == 0) {
    return absl::InvalidArgumentError(absl::StrCat("part '", part, "' of data set '", dataset.name,
                                                   "' has no images; expected one or more"));
  }
  progress.Begin("encode", "images", /*done=*/0, dataset.size());
  absl::StatusOr<at::Tensor> features = EncodeAll(*encoder.encoder, dataset.images, progress);
  progress.End();
  RETURN_IF_ERROR(features.status());
  return data::FeatureSet{.features = *std::move(features),
                          .labels = dataset.labels,
                          .space = encoder.space(),
                          .class_names = dataset.class_names,
                          .dataset = dataset.name,
                          .part = part};
}

}  // namespace tailcast::training
