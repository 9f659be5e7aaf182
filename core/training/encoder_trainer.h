#ifndef TAILCAST_CORE_TRAINING_ENCODER_TRAINER_H_
#define TAILCAST_CORE_TRAINING_ENCODER_TRAINER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "core/data/augmentation.h"
#include "core/data/image_dataset.h"
#include "core/training/encoder_file.h"
#include "core/training/progress.h"

namespace tailcast::training {

// Limits of the options below; an "end" is the first value that is too large.
inline constexpr int64_t kMaxEncoderEpochs = 100'000;
// Batch normalisation has no deviation of one image.
inline constexpr int64_t kMinEncoderBatch = 2, kMaxEncoderBatch = 100'000;
inline constexpr double kEncoderRateEnd = 100;
inline constexpr double kEncoderWeightDecayEnd = 1;
inline constexpr double kEncoderMixupEnd = 100;

struct EncoderTrainingOptions {
  // A name of the list in core/encoders/make_encoder.cc.
  std::string architecture = "small_resnet";
  int64_t epochs = 12;       // [1, 10^5]
  int64_t batch_size = 128;  // [2, 10^5]; an epoch's last batch takes what is left
  // Peak of the one-cycle schedule (Smith and Topin 2017, https://arxiv.org/abs/1708.07120). [0,
  // 100)
  double learning_rate = 0.1;
  // Share of the steps in which the rate rises to its peak; it falls as a cosine afterwards. [0, 1)
  double warmup_share = 0.3;
  double momentum = 0.9;       // Nesterov; [0, 1)
  double weight_decay = 5e-4;  // on all weights but biases and normalisation; [0, 1)
  data::AugmentationOptions augmentation{};
  // Each batch is mixed with a permutation of itself, images and losses alike, by a weight drawn
  // from Beta(mixup, mixup) (Zhang et al. 2018, https://arxiv.org/abs/1710.09412); 0 for none, 0.5
  // is LDMLR's stage 1. [0, 100)
  double mixup = 0;
  int64_t seed = 0;  // of weights, order of images, augmentation; [0, 2^63)
  // Seconds between checkpoints, 0 or more.
  double checkpoint_seconds = 5;
};

// Trains an encoder with a linear classifier by cross-entropy on the images of `train`.
//
// Every few seconds, and when `progress` asks to stop (then CANCELLED), the state is saved in
// `checkpoint_path`; a run that finds it there goes on from it and gives the same weights, to the
// bit, as an unbroken run with the same number of threads. A checkpoint of other options, images,
// number of threads or version of LibTorch is refused (FAILED_PRECONDITION, naming it). An empty
// path: no checkpoint. The caller removes the file once the result is safe.
//
// INVALID_ARGUMENT names the option or the class without images. DATA_LOSS: damaged checkpoint.
// FAILED_PRECONDITION also, at once, for a loss that is not finite.
absl::StatusOr<EncoderFile> TrainEncoder(const data::ImageDataset& train,
                                         const EncoderTrainingOptions& options,
                                         const std::string& checkpoint_path,
                                         ProgressSink& progress);

}  // namespace tailcast::training

#endif  // TAILCAST_CORE_TRAINING_ENCODER_TRAINER_H_
