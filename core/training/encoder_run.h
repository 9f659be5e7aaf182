#ifndef TAILCAST_CORE_TRAINING_ENCODER_RUN_H_
#define TAILCAST_CORE_TRAINING_ENCODER_RUN_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/classifiers/linear_head.h"
#include "core/data/image_dataset.h"
#include "core/encoders/make_encoder.h"
#include "core/training/checkpoint.h"
#include "core/training/encoder_file.h"
#include "core/training/encoder_trainer.h"

namespace torch::optim {
class SGD;
}

namespace tailcast::training {

// The learning rate of one step of the one-cycle schedule: a cosine from 1/25 of the peak up to it,
// then one down to 1/10000 of the start, as PyTorch's OneCycleLR. step: [0, total_steps)
double OneCycleRate(int64_t step, int64_t total_steps, const EncoderTrainingOptions& options);

// The state of one training of an encoder between two steps. Not thread-safe.
//
// What a step draws depends on (seed, step) alone, so the state holds no random state: weights,
// running statistics, momentum and the number of steps done are all.
class EncoderRun {
 public:
  // Draws the weights. Errors as TrainEncoder(). `train` must outlive the run.
  static absl::StatusOr<EncoderRun> Create(const data::ImageDataset& train,
                                           const EncoderTrainingOptions& options);
  EncoderRun(EncoderRun&&) noexcept;
  ~EncoderRun();

  // One batch: forward, backward, update. FAILED_PRECONDITION if its loss is not finite. REQUIRES:
  // steps_done() < total_steps().
  absl::Status Step();

  int64_t steps_done() const { return steps_done_; }
  int64_t total_steps() const { return options_.epochs * steps_per_epoch_; }
  // Images seen so far, of all epochs.
  int64_t images_done() const;
  int64_t total_images() const { return options_.epochs * train_.size(); }
  // Mean loss of the images of the current epoch so far; of the last one right after it ended.
  double epoch_loss() const;

  Checkpoint Save() const;
  // Naming `path`: FAILED_PRECONDITION if the checkpoint is of another run, DATA_LOSS if a tensor
  // is missing, of another shape or out of range.
  absl::Status Restore(const Checkpoint& checkpoint, const std::string& path);

  // What was trained.
  absl::StatusOr<EncoderFile> Result() const;

 private:
  EncoderRun(const data::ImageDataset& train, const EncoderTrainingOptions& options,
             encoders::EncoderSpec spec, std::shared_ptr<encoders::Encoder> encoder);

  // Mean loss of one batch, mixed if asked. images: [n, C, H, W] normalised; labels: [n]
  at::Tensor Loss(const at::Tensor& images, const at::Tensor& labels);
  // Puts back what CheckSameRun() found to be of this run.
  absl::Status RestoreTensors(const NamedTensors& tensors);
  // Indices of the images of step `steps_done_`. [n]
  at::Tensor NextBatch();

  const data::ImageDataset& train_;
  const EncoderTrainingOptions options_;
  encoders::EncoderSpec spec_;
  std::shared_ptr<encoders::Encoder> encoder_;
  classifiers::LinearHead head_;
  std::unique_ptr<torch::optim::SGD> optimizer_;
  int64_t steps_per_epoch_;
  Metadata run_;  // what a checkpoint must belong to
  int64_t steps_done_ = 0;
  at::Tensor epoch_order_;  // [N], of epoch `ordered_epoch_`
  int64_t ordered_epoch_ = -1;
  at::Tensor loss_sum_;  // f64: losses of the epoch's images, and how many
};

}  // namespace tailcast::training

#endif  // TAILCAST_CORE_TRAINING_ENCODER_RUN_H_
