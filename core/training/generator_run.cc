#include "core/training/generator_run.h"

#include <ATen/ATen.h>
#include <torch/optim/adamw.h>

#include <cmath>
#include <numbers>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/tensor/checks.h"
#include "core/tensor/module_io.h"
#include "core/training/checkpoint.h"
#include "core/training/generator_validation.h"
#include "core/training/keyed_rng.h"
#include "core/training/optimizer_state.h"

namespace tailcast::training {
namespace {

// What a running mean keeps of its past at each value.
constexpr double kRunningDecay = 0.99;

// Names of tensors in a checkpoint.
constexpr char kWeights[] = "weights", kAverage[] = "average", kOptimizer[] = "optimizer";
constexpr char kRandomState[] = "rng", kSteps[] = "steps_done", kMeans[] = "running_means";

diffusion::GeneratorSpec SpecOf(const GeneratorData& data,
                                const GeneratorTrainingOptions& options) {
  diffusion::GeneratorSpec spec = {.denoiser = options.denoiser,
                                   .schedule = options.schedule,
                                   .prediction = options.prediction,
                                   .non_negative = options.non_negative};
  spec.denoiser.feature_dim = data.features.size(1);
  spec.denoiser.num_classes = data.num_classes;
  return spec;
}

std::vector<int64_t> ClassesWithoutRows(const at::Tensor& class_counts) {
  std::vector<int64_t> classes;
  for (int64_t c = 0; c < class_counts.size(0); ++c) {
    if (class_counts[c].item<int64_t>() == 0) classes.push_back(c);
  }
  return classes;
}

}  // namespace

void RunningMean::Add(double value) {
  sum = kRunningDecay * sum + value;
  weight = kRunningDecay * weight + 1.0;
}

double LearningRateShare(const GeneratorTrainingOptions& options, int64_t step) {
  const auto warmup = std::llround(options.warmup_share * static_cast<double>(options.steps));
  if (step < warmup) return static_cast<double>(step + 1) / static_cast<double>(warmup);
  const double share =
      static_cast<double>(step - warmup) / static_cast<double>(options.steps - warmup);
  return 0.5 * (1.0 + std::cos(std::numbers::pi * share));
}

absl::StatusOr<std::unique_ptr<GeneratorRun>> GeneratorRun::Create(
    const GeneratorData& data, const GeneratorTrainingOptions& options) {
  diffusion::GeneratorSpec spec = SpecOf(data, options);
  ASSIGN_OR_RETURN(auto schedule, diffusion::NoiseSchedule::Make(spec.schedule));
  ASSIGN_OR_RETURN(auto denoiser, diffusion::MakeDenoiser(spec.denoiser));
  const diffusion::DiffusionProcess process = {.schedule = std::move(schedule),
                                               .prediction = spec.prediction};
  auto run = std::unique_ptr<GeneratorRun>(
      new GeneratorRun(data, options, std::move(spec), process, std::move(denoiser)));
  ASSIGN_OR_RETURN(run->loss_,
                   MakeLoss(options.objective, process, run->rows_.class_counts(), run->rng_));
  return run;
}

GeneratorRun::GeneratorRun(const GeneratorData& data, const GeneratorTrainingOptions& options,
                           diffusion::GeneratorSpec spec, diffusion::DiffusionProcess process,
                           std::shared_ptr<diffusion::Denoiser> denoiser)
    : options_(options),
      spec_(std::move(spec)),
      process_(std::move(process)),
      standardization_(diffusion::Standardization::Of(data.features)),
      features_(standardization_.Standardize(data.features)),
      labels_(data.labels),
      rows_(data.labels, data.num_classes, options.balance),
      rng_(KeyedRng(options.seed, RngPurpose::kGenerator, /*index=*/0)),
      denoiser_([&] {
        denoiser->Initialize(rng_);
        denoiser->train();
        return std::move(denoiser);
      }()),
      optimizer_(std::make_unique<torch::optim::AdamW>(
          denoiser_->parameters(),
          torch::optim::AdamWOptions(options.learning_rate).weight_decay(options.weight_decay))),
      average_(*denoiser_, options.ema_decay) {}

GeneratorRun::~GeneratorRun() = default;

diffusion::NoisyBatch GeneratorRun::DrawBatch() {
  const auto rows = rows_.Draw(options_.batch_rows, rng_);     // [B]
  const auto clean = features_.index_select(/*dim=*/0, rows);  // [B, D]
  const auto classes = labels_.index_select(/*dim=*/0, rows);  // [B]
  const auto noise = at::randn(clean.sizes(), rng_, clean.options());
  const auto timesteps = at::randint(process_.schedule.num_timesteps(), classes.sizes(), rng_,
                                     classes.options());  // [B]
  const auto dropped = at::rand(classes.sizes(), rng_, clean.options()) < options_.label_dropout;
  return {.clean = clean,
          .noise = noise,
          .noisy = process_.schedule.AddNoise(clean, noise, timesteps),
          .timesteps = timesteps,
          .labels = classes.masked_fill(dropped, spec_.denoiser.num_classes)};
}

absl::Status GeneratorRun::Step() {
  SetLearningRate(options_.learning_rate * LearningRateShare(options_, steps_done_), *optimizer_);
  optimizer_->zero_grad();
  const diffusion::LossTerms terms = loss_->Compute(*denoiser_, DrawBatch());
  const auto total = terms.Total();
  if (!std::isfinite(total.item<double>())) {
    return absl::FailedPreconditionError(absl::StrCat(
        "training diverged: the loss of step ", steps_done_ + 1, " is ", total.item<double>(),
        "; expected a finite number; lower learning_rate (", options_.learning_rate, ")"));
  }
  total.backward();
  optimizer_->step();
  average_.Update();
  denoising_.Add(terms.denoising.item<double>());
  regularization_.Add(terms.regularization.item<double>());
  ++steps_done_;
  return absl::OkStatus();
}

NamedTensors GeneratorRun::State() const {
  NamedTensors state = {{kRandomState, rng_.get_state()},
                        {kSteps, at::scalar_tensor(steps_done_, at::kLong)},
                        {kMeans, at::tensor({denoising_.sum, denoising_.weight, regularization_.sum,
                                             regularization_.weight},
                                            at::kDouble)}};
  AddTensors(kWeights, ModuleTensors(*denoiser_), state);
  AddTensors(kAverage, average_.average(), state);
  AddTensors(kOptimizer, OptimizerState(*optimizer_), state);
  return state;
}

absl::Status GeneratorRun::Restore(const NamedTensors& state) {
  for (const char* name : {kRandomState, kSteps, kMeans}) {
    if (state.count(name) == 0) {
      return absl::InvalidArgumentError(absl::StrCat("tensor '", name, "' is missing"));
    }
  }
  const at::Tensor means = state.at(kMeans);
  RETURN_IF_ERROR(CheckShape(means, {4}, kMeans));
  RETURN_IF_ERROR(LoadModule(TensorsUnder(kWeights, state), kWeights, *denoiser_));
  RETURN_IF_ERROR(average_.Restore(TensorsUnder(kAverage, state)));
  RETURN_IF_ERROR(RestoreOptimizerState(TensorsUnder(kOptimizer, state), *optimizer_));
  rng_.set_state(state.at(kRandomState));
  steps_done_ = state.at(kSteps).item<int64_t>();
  denoising_ = {.sum = means[0].item<double>(), .weight = means[1].item<double>()};
  regularization_ = {.sum = means[2].item<double>(), .weight = means[3].item<double>()};
  return absl::OkStatus();
}

absl::StatusOr<TrainedGenerator> GeneratorRun::Result(const GeneratorData& data) const {
  TrainedGenerator result;
  result.spec = spec_;
  result.tensors = {{"mean", standardization_.mean},
                    {"standard_deviation", standardization_.standard_deviation}};
  for (const auto& [name, tensor] : average_.average()) {
    result.tensors[absl::StrCat("denoiser.", name)] = tensor.clone();
  }
  result.figures = {{"options", ToJson(options_)},
                    {"steps_done", steps_done_},
                    {"training_loss", denoising_.Value()},
                    {"regularization", regularization_.Value()},
                    {"classes_without_rows", ClassesWithoutRows(rows_.class_counts())}};
  if (data.validation_features.defined()) {
    ASSIGN_OR_RETURN(const auto averaged, diffusion::MakeDenoiser(spec_.denoiser));
    RETURN_IF_ERROR(LoadModule(average_.average(), "averaged weights", *averaged));
    averaged->eval();
    result.figures["validation_loss"] =
        DenoisingErrorOn(standardization_.Standardize(data.validation_features),
                         data.validation_labels, process_, *averaged);
  }
  return result;
}

}  // namespace tailcast::training
