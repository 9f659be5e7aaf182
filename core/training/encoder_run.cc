#include "core/training/encoder_run.h"

#include <ATen/ATen.h>
#include <torch/optim/sgd.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/json.h"
#include "core/base/status_macros.h"
#include "core/classifiers/losses.h"
#include "core/encoders/normalize_images.h"
#include "core/tensor/checks.h"
#include "core/tensor/module_io.h"
#include "core/training/keyed_rng.h"
#include "core/training/optimizer_state.h"
#include "core/training/weight_init.h"

namespace tailcast::training {
namespace {

// Of the one-cycle schedule, PyTorch's own defaults.
constexpr double kPeakOverStart = 25;
constexpr double kStartOverEnd = 1e4;

// Between `from` (share 0) and `to` (share 1).
double CosineBetween(double from, double to, double share) {
  return to + (from - to) * (1 + std::cos(std::numbers::pi * share)) / 2;
}

// Per channel, of value / 255, from how often each value occurs: exact, and no copy of the images
// in another type.
ImageInput InputOf(const data::ImageDataset& train) {
  constexpr int64_t kMaxPixel = 255;
  const int64_t channels = train.images.size(3);
  const at::Tensor values = at::arange(kMaxPixel + 1);  // [256]
  ImageInput input{.height = static_cast<uint32_t>(train.images.size(1)),
                   .width = static_cast<uint32_t>(train.images.size(2)),
                   .order = channels == 1 ? ChannelOrder::kGray : ChannelOrder::kRgb,
                   .mean = {},
                   .std = {}};
  const auto count = static_cast<double>(train.images.numel() / channels);
  for (int64_t channel = 0; channel < channels; ++channel) {
    const at::Tensor histogram =
        at::bincount(train.images.select(3, channel).flatten(), {}, kMaxPixel + 1);  // [256]
    const at::Tensor sums = histogram * values;
    const double mean = static_cast<double>(sums.sum().item<int64_t>()) / count;
    const double square = static_cast<double>((sums * values).sum().item<int64_t>()) / count;
    const double deviation = std::sqrt(std::max(0.0, square - mean * mean));
    input.mean.push_back(mean / kMaxPixel);
    // Channels that never vary are left as they are.
    input.std.push_back(deviation > 0 ? deviation / kMaxPixel : 1);
  }
  return input;
}

nlohmann::json OptionsJson(const EncoderTrainingOptions& options) {
  return {{"architecture", options.architecture},
          {"epochs", options.epochs},
          {"batch_size", options.batch_size},
          {"learning_rate", options.learning_rate},
          {"warmup_share", options.warmup_share},
          {"momentum", options.momentum},
          {"weight_decay", options.weight_decay},
          {"crop_padding", options.augmentation.crop_padding},
          {"horizontal_flip", options.augmentation.horizontal_flip},
          {"mixup", options.mixup},
          {"seed", options.seed}};
}

Digest DigestOf(const data::ImageDataset& train) {
  Sha256 digest;
  for (const at::Tensor& tensor : {train.images.contiguous(), train.labels.contiguous()}) {
    digest.Update({static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()});
  }
  return digest.Finish();
}

Metadata RunOf(const data::ImageDataset& train, const EncoderTrainingOptions& options) {
  Metadata run = ComputeFacts();
  run["images"] = ToHex(DigestOf(train));
  const nlohmann::json members = OptionsJson(options);
  for (const auto& [name, value] : members.items()) run[name] = value.dump();
  return run;
}

std::unique_ptr<torch::optim::SGD> MakeOptimizer(encoders::Encoder& encoder,
                                                 const classifiers::LinearHead& head,
                                                 const EncoderTrainingOptions& options) {
  std::vector<at::Tensor> decayed{head.weight}, free{head.bias};
  for (const at::Tensor& parameter : encoder.parameters()) {
    (parameter.dim() > 1 ? decayed : free).push_back(parameter);
  }
  const auto sgd = [&](double weight_decay) {
    return std::make_unique<torch::optim::SGDOptions>(
        torch::optim::SGDOptions(options.learning_rate)
            .momentum(options.momentum)
            .nesterov(options.momentum > 0)
            .weight_decay(weight_decay));
  };
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(std::move(decayed), sgd(options.weight_decay));
  groups.emplace_back(std::move(free), sgd(0));
  return std::make_unique<torch::optim::SGD>(std::move(groups),
                                             torch::optim::SGDOptions(options.learning_rate));
}

// How one batch is mixed with itself.
struct Mixture {
  double weight = 1;   // of the batch as it is
  at::Tensor partner;  // [n], whose image and label has the rest
};

Mixture DrawMixture(int64_t count, double mixup, const at::Generator& rng) {
  // Beta(a, a) is the share of one of two draws of Gamma(a).
  const at::Tensor gammas = at::_standard_gamma(at::full({2}, mixup, at::kDouble), rng);
  return {.weight = (gammas[0] / gammas.sum()).item<double>(),
          .partner = at::randperm(count, rng, at::TensorOptions(at::kLong))};
}

}  // namespace

double OneCycleRate(int64_t step, int64_t total_steps, const EncoderTrainingOptions& options) {
  const double start = options.learning_rate / kPeakOverStart;
  const double peak_step = options.warmup_share * static_cast<double>(total_steps) - 1;
  const auto position = static_cast<double>(step);
  if (position < peak_step)
    return CosineBetween(start, options.learning_rate, position / peak_step);
  const double rest = static_cast<double>(total_steps - 1) - peak_step;
  return CosineBetween(options.learning_rate, start / kStartOverEnd,
                       rest > 0 ? (position - peak_step) / rest : 0);
}

EncoderRun::EncoderRun(const data::ImageDataset& train, const EncoderTrainingOptions& options,
                       encoders::EncoderSpec spec, std::shared_ptr<encoders::Encoder> encoder)
    : train_(train),
      options_(options),
      spec_(std::move(spec)),
      encoder_(std::move(encoder)),
      steps_per_epoch_((train.size() + options.batch_size - 1) / options.batch_size),
      run_(RunOf(train, options)),
      loss_sum_(at::zeros({2}, at::kDouble)) {
  const at::Generator rng = KeyedRng(options.seed, RngPurpose::kWeights, /*index=*/0);
  DrawConvolutionWeights(*encoder_, rng);
  head_ = DrawLinearHead(train.num_classes(), encoder_->feature_dim(), rng);
  head_.weight.requires_grad_();
  head_.bias.requires_grad_();
  optimizer_ = MakeOptimizer(*encoder_, head_, options);
  encoder_->train();
}

EncoderRun::EncoderRun(EncoderRun&&) noexcept = default;
EncoderRun::~EncoderRun() = default;

absl::StatusOr<EncoderRun> EncoderRun::Create(const data::ImageDataset& train,
                                              const EncoderTrainingOptions& options) {
  encoders::EncoderSpec spec{.architecture = options.architecture, .input = InputOf(train)};
  ASSIGN_OR_RETURN(std::shared_ptr<encoders::Encoder> encoder, encoders::MakeEncoder(spec));
  return EncoderRun(train, options, std::move(spec), std::move(encoder));
}

at::Tensor EncoderRun::NextBatch() {
  const int64_t epoch = steps_done_ / steps_per_epoch_;
  if (epoch != ordered_epoch_) {
    epoch_order_ = at::randperm(train_.size(), KeyedRng(options_.seed, RngPurpose::kOrder, epoch),
                                at::TensorOptions(at::kLong));
    ordered_epoch_ = epoch;
  }
  const int64_t start = steps_done_ % steps_per_epoch_ * options_.batch_size;
  return epoch_order_.slice(0, start, std::min(train_.size(), start + options_.batch_size));
}

at::Tensor EncoderRun::Loss(const at::Tensor& images, const at::Tensor& labels) {
  const auto scores = [this](const at::Tensor& input) {
    return head_.Scores(encoder_->forward(input));  // [n, K]
  };
  if (options_.mixup == 0) return classifiers::CrossEntropy(scores(images), labels);
  const Mixture mixture = DrawMixture(labels.size(0), options_.mixup,
                                      KeyedRng(options_.seed, RngPurpose::kMixup, steps_done_));
  const at::Tensor mixed = scores(images * mixture.weight +
                                  images.index_select(0, mixture.partner) * (1 - mixture.weight));
  return mixture.weight * classifiers::CrossEntropy(mixed, labels) +
         (1 - mixture.weight) *
             classifiers::CrossEntropy(mixed, labels.index_select(0, mixture.partner));
}

absl::Status EncoderRun::Step() {
  if (steps_done_ % steps_per_epoch_ == 0) loss_sum_.zero_();
  const at::Tensor indices = NextBatch();  // [n]
  const at::Tensor images =
      data::Augment(train_.images.index_select(0, indices), options_.augmentation,
                    KeyedRng(options_.seed, RngPurpose::kAugmentation, steps_done_));
  const at::Tensor labels = train_.labels.index_select(0, indices);  // [n]

  SetLearningRate(OneCycleRate(steps_done_, total_steps(), options_), *optimizer_);
  optimizer_->zero_grad();
  const at::Tensor loss = Loss(encoders::NormalizeImages(images, spec_.input), labels);
  if (!std::isfinite(loss.item<double>())) {
    return absl::FailedPreconditionError(absl::StrCat(
        "training diverged: the loss of step ", steps_done_ + 1, " is ", loss.item<double>(),
        "; expected a finite number; lower learning_rate (", options_.learning_rate, ")"));
  }
  loss.backward();
  optimizer_->step();

  loss_sum_[0] += loss.detach() * indices.size(0);
  loss_sum_[1] += indices.size(0);
  ++steps_done_;
  return absl::OkStatus();
}

int64_t EncoderRun::images_done() const {
  const int64_t epochs = steps_done_ / steps_per_epoch_;
  return epochs * train_.size() +
         std::min(train_.size(), steps_done_ % steps_per_epoch_ * options_.batch_size);
}

double EncoderRun::epoch_loss() const {
  return loss_sum_[0].item<double>() / std::max(1.0, loss_sum_[1].item<double>());
}

Checkpoint EncoderRun::Save() const {
  Checkpoint checkpoint{.tensors = {}, .run = run_};
  AddTensors("encoder", ModuleTensors(*encoder_), checkpoint.tensors);
  AddTensors("head", head_.tensors(), checkpoint.tensors);
  AddTensors("optimizer", OptimizerState(*optimizer_), checkpoint.tensors);
  checkpoint.tensors["loss_sum"] = loss_sum_;
  checkpoint.tensors["steps_done"] = at::scalar_tensor(steps_done_, at::kLong);
  return checkpoint;
}

absl::Status EncoderRun::Restore(const Checkpoint& checkpoint, const std::string& path) {
  RETURN_IF_ERROR(CheckSameRun(checkpoint, run_, path));
  const absl::Status restored = RestoreTensors(checkpoint.tensors);
  if (restored.ok()) return restored;
  return absl::DataLossError(absl::StrCat("checkpoint '", path, "': ", restored.message()));
}

absl::Status EncoderRun::RestoreTensors(const NamedTensors& tensors) {
  RETURN_IF_ERROR(LoadModule(TensorsUnder("encoder", tensors), "encoder", *encoder_));
  ASSIGN_OR_RETURN(
      const classifiers::LinearHead head,
      classifiers::LinearHead::FromTensors(TensorsUnder("head", tensors), "head",
                                           head_.weight.size(0), head_.weight.size(1)));
  RETURN_IF_ERROR(RestoreOptimizerState(TensorsUnder("optimizer", tensors), *optimizer_));
  const auto loss_sum = tensors.find("loss_sum"), steps = tensors.find("steps_done");
  if (loss_sum == tensors.end() || steps == tensors.end()) {
    return absl::InvalidArgumentError("tensor loss_sum or steps_done is missing");
  }
  RETURN_IF_ERROR(CheckShape(loss_sum->second, {2}, "loss_sum"));
  RETURN_IF_ERROR(CheckShape(steps->second, {}, "steps_done"));
  const auto steps_done = steps->second.item<int64_t>();
  if (steps_done < 0 || steps_done > total_steps()) {
    return absl::InvalidArgumentError(
        absl::StrCat("steps_done is ", steps_done, "; expected 0 to ", total_steps()));
  }
  const at::NoGradGuard no_grad;
  head_.weight.copy_(head.weight);
  head_.bias.copy_(head.bias);
  loss_sum_.copy_(loss_sum->second);
  steps_done_ = steps_done;
  return absl::OkStatus();
}

absl::StatusOr<EncoderFile> EncoderRun::Result() const {
  EncoderFile file;
  ASSIGN_OR_RETURN(file.encoder, encoders::TrainedEncoder::Create(spec_, ModuleTensors(*encoder_),
                                                                  "the trained encoder"));
  file.head = {.weight = head_.weight.detach().clone(), .bias = head_.bias.detach().clone()};
  file.class_names = train_.class_names;
  file.class_counts = train_.class_counts();
  file.dataset = train_.name;
  file.training = OptionsJson(options_);
  file.training["final_loss"] = epoch_loss();
  return file;
}

}  // namespace tailcast::training
