#include "client/cli/retrain/retrain.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/report/arm_names.h"
#include "client/cli/retrain/feature_figures.h"
#include "core/base/status_macros.h"
#include "core/contract/balance_rule.h"
#include "core/contract/sampler_spec.h"
#include "core/metrics/accuracy.h"
#include "core/tensor/torch_status.h"
#include "core/training/controls.h"
#include "core/training/keyed_rng.h"

namespace tailcast::retrain {
namespace {

using classifiers::LinearHead;

// One value of guidance and the rows that came of it.
struct Candidate {
  std::string name;
  StreamedRows streamed;
};

std::string NumberText(double value) { return absl::StrCat(value); }

report::StreamFigures FiguresOf(const StreamedRows& streamed) {
  return {.address = streamed.address,
          .recipe = streamed.recipe,
          .rows = streamed.rows.size(),
          .seconds = streamed.seconds,
          .validation_accuracy = {}};
}

// A group without classes has no accuracy; its list of classes says so.
double OrZero(double value) { return std::isnan(value) ? 0 : value; }

// Adds the time from here to the end of the block to one part of the work.
class PartTimer {
 public:
  PartTimer(std::map<std::string, double>& seconds, const char* part)
      : seconds_(seconds[part]), start_(absl::Now()) {}
  ~PartTimer() { seconds_ += absl::ToDoubleSeconds(absl::Now() - start_); }
  PartTimer(const PartTimer&) = delete;
  PartTimer& operator=(const PartTimer&) = delete;

 private:
  double& seconds_;
  const absl::Time start_;
};

// One run; its functions are called in order.
class Run {
 public:
  Run(const TrainerData& data, const RetrainOptions& options, RowSource& source,
      training::ProgressSink& progress)
      : data_(data), options_(options), source_(source), progress_(progress) {}

  absl::Status MakePlans();
  absl::Status TakeCandidates();
  absl::Status ChooseGuidance();
  absl::Status FitControls();
  absl::Status FitWithoutData();
  absl::Status Measure(const OpenTestRows& open_test);
  absl::StatusOr<RetrainResult> Finish();

 private:
  bool Wants(const char* arm) const { return options_.arms.contains(arm); }
  void TakeControl(const char* arm, const char* title, training::ChosenHead chosen);
  absl::Status FitGaussians();
  void DescribeData();
  void MeasurePairs(const std::map<std::string, at::Tensor>& predictions, const at::Tensor& labels);

  const TrainerData& data_;
  const RetrainOptions& options_;
  RowSource& source_;
  training::ProgressSink& progress_;

  PlanSpec plan_;
  PlanSpec data_free_plan_;
  std::vector<Candidate> candidates_;
  size_t chosen_ = 0;  // index into candidates_
  std::map<std::string, LinearHead> heads_;
  report::RunFigures figures_;
};

// Before anything is streamed, so that no work is lost to a plan that cannot be.
absl::Status Run::MakePlans() {
  ASSIGN_OR_RETURN(plan_, PlanFromRule(options_.plan, data_.class_counts));
  // A fixed set of rows: an epoch is one period.
  plan_.repeat_period_count = 1;
  if (!Wants(report::kLdmlrDataFree)) return absl::OkStatus();
  std::vector<int32_t> classes;  // the others cannot be generated
  for (size_t k = 0; k < data_.class_counts.size(); ++k) {
    if (data_.class_counts[k] > 0) classes.push_back(static_cast<int32_t>(k));
  }
  const auto plan = PlanOfClasses(classes, options_.data_free_rows, data_.class_counts);
  if (!plan.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("the data-free arm: ", plan.status().message()));
  }
  data_free_plan_ = *plan;
  data_free_plan_.repeat_period_count = 1;
  return absl::OkStatus();
}

absl::Status Run::TakeCandidates() {
  const PartTimer timer(figures_.seconds, "streams");
  for (const std::string& guidance : options_.guidance_candidates) {
    Candidate candidate = {.name = guidance, .streamed = {}};
    RowQuery query = {
        .what = absl::StrCat("guidance ", guidance), .plan = plan_, .guidance_weights = {}};
    ASSIGN_OR_RETURN(query.guidance_weights, ParseGuidance(guidance, data_.class_counts));
    ASSIGN_OR_RETURN(candidate.streamed, source_.Take(query, progress_));
    figures_.rows_streamed += candidate.streamed.rows.size();
    candidates_.push_back(std::move(candidate));
  }
  return absl::OkStatus();
}

absl::Status Run::ChooseGuidance() {
  const PartTimer timer(figures_.seconds, "refits");
  std::vector<RefitChoice> choices;
  progress_.Begin("refit", "fits", 0, static_cast<int64_t>(candidates_.size()));
  for (const Candidate& candidate : candidates_) {
    if (progress_.stop_requested()) return absl::CancelledError("interrupted");
    ASSIGN_OR_RETURN(RefitChoice choice,
                     RefitAndChoose(data_, candidate.streamed.rows, options_.refit, progress_));
    report::StreamFigures stream = FiguresOf(candidate.streamed);
    stream.validation_accuracy = choice.validation_accuracy;
    figures_.streams[candidate.name] = std::move(stream);
    choices.push_back(std::move(choice));
    progress_.Advance(static_cast<int64_t>(choices.size()),
                      {{"validation", choices.back().best_accuracy()}});
  }
  progress_.End();
  chosen_ = BestOf(choices);
  heads_[report::kLdmlr] = choices[chosen_].head;
  figures_.choices["guidance"] = candidates_[chosen_].name;
  figures_.choices["regularization"] = NumberText(choices[chosen_].regularization);
  figures_.choices["bias shift"] =
      NumberText(options_.refit.bias_shifts[choices[chosen_].best_shift]);
  figures_.choices["candidates"] =
      absl::StrCat(candidates_.size() * options_.refit.num_candidates());
  return absl::OkStatus();
}

absl::Status Run::FitGaussians() {
  std::vector<int64_t> counts(data_.class_counts.size());
  for (const ClassWeight& weight : plan_.class_weights) counts[weight.class_index] = weight.weight;
  ASSIGN_OR_RETURN(
      const training::LabelledRows rows,
      training::SampleClassGaussians(
          data_.training, counts, data_.space.non_negative,
          training::KeyedRng(options_.seed, training::RngPurpose::kClassGaussians, /*index=*/0)));
  ASSIGN_OR_RETURN(RefitChoice choice, RefitAndChoose(data_, rows, options_.refit, progress_));
  figures_.choices["class Gaussians: regularization"] = NumberText(choice.regularization);
  figures_.choices["class Gaussians: candidates"] = absl::StrCat(options_.refit.num_candidates());
  figures_.choices["class Gaussians: bias shift"] =
      NumberText(options_.refit.bias_shifts[choice.best_shift]);
  heads_[report::kClassGaussian] = std::move(choice.head);
  return absl::OkStatus();
}

void Run::TakeControl(const char* arm, const char* title, training::ChosenHead chosen) {
  for (const auto& [name, value] : chosen.chosen) {
    figures_.choices[absl::StrCat(title, ": ", name)] = NumberText(value);
  }
  figures_.choices[absl::StrCat(title, ": candidates")] = absl::StrCat(chosen.num_candidates);
  heads_[arm] = std::move(chosen.head);
}

absl::Status Run::FitControls() {
  const PartTimer timer(figures_.seconds, "controls");
  heads_[report::kStage1] = data_.stage1;
  if (Wants(report::kLogitAdjustment)) {
    ASSIGN_OR_RETURN(training::ChosenHead chosen,
                     training::AdjustLogits(data_.stage1, data_.class_counts, data_.validation));
    TakeControl(report::kLogitAdjustment, "logit adjustment", std::move(chosen));
  }
  if (Wants(report::kBalancedSoftmax)) {
    ASSIGN_OR_RETURN(training::ChosenHead chosen,
                     training::FitBalancedSoftmax(data_.training, data_.class_counts, data_.stage1,
                                                  data_.validation));
    TakeControl(report::kBalancedSoftmax, "balanced softmax", std::move(chosen));
  }
  if (progress_.stop_requested()) return absl::CancelledError("interrupted");
  return Wants(report::kClassGaussian) ? FitGaussians() : absl::OkStatus();
}

absl::Status Run::FitWithoutData() {
  if (!Wants(report::kLdmlrDataFree)) return absl::OkStatus();
  const PartTimer timer(figures_.seconds, "data-free arm");
  const RowQuery query = {.what = "data-free", .plan = data_free_plan_, .guidance_weights = {}};
  ASSIGN_OR_RETURN(const StreamedRows streamed, source_.Take(query, progress_));
  ASSIGN_OR_RETURN(heads_[report::kLdmlrDataFree], FitDataFree(streamed.rows, data_.num_classes()));
  figures_.rows_streamed += streamed.rows.size();
  figures_.streams[report::kDataFreeStream] = FiguresOf(streamed);
  figures_.choices["data-free"] =
      absl::StrCat("nothing: ", options_.data_free_rows, " rows a class, ", streamed.sampler);
  return absl::OkStatus();
}

absl::Status Run::Measure(const OpenTestRows& open_test) {
  const PartTimer timer(figures_.seconds, "test");
  ASSIGN_OR_RETURN(const training::LabelledRows test, open_test());
  figures_.test_rows = test.size();
  std::map<std::string, at::Tensor> predictions;
  for (const auto& [name, head] : heads_) {
    predictions[name] = head.Predict(test.features);
    ASSIGN_OR_RETURN(metrics::Accuracy accuracy,
                     metrics::MeasureAccuracy(predictions[name], test.labels, data_.class_groups));
    figures_.arms[name] = {.accuracy = accuracy.overall,
                           .many = OrZero(accuracy.many),
                           .medium = OrZero(accuracy.medium),
                           .few = OrZero(accuracy.few),
                           .per_class = std::move(accuracy.per_class)};
  }
  MeasurePairs(predictions, test.labels);
  return absl::OkStatus();
}

void Run::MeasurePairs(const std::map<std::string, at::Tensor>& predictions,
                       const at::Tensor& labels) {
  const at::Tensor right = predictions.at(report::kLdmlr) == labels;  // [N]
  for (const auto& [name, predicted] : predictions) {
    if (name == report::kLdmlr) continue;
    const at::Tensor other = predicted == labels;
    figures_.paired[name] = {.gained = (right & ~other).sum().item<int64_t>(),
                             .lost = (~right & other).sum().item<int64_t>()};
  }
}

void Run::DescribeData() {
  figures_.dataset = data_.dataset;
  figures_.class_names = data_.class_names;
  figures_.class_counts = data_.class_counts;
  figures_.groups = {.many = ClassesOf(data_, data::ClassGroup::kMany),
                     .medium = ClassesOf(data_, data::ClassGroup::kMedium),
                     .few = ClassesOf(data_, data::ClassGroup::kFew)};
  figures_.validation_rows = data_.validation.size();
  figures_.seed = options_.seed;
  figures_.bias_shifts = options_.refit.bias_shifts;
  figures_.choices["refit"] =
      options_.refit.method == RefitMethod::kPaper ? "paper" : "regularised";
}

absl::StatusOr<RetrainResult> Run::Finish() {
  DescribeData();
  const StreamedRows& streamed = candidates_[chosen_].streamed;
  figures_.bundle = streamed.bundle;
  figures_.bundle_digest = streamed.bundle_digest;
  figures_.feature_space_digest = streamed.feature_space_digest;
  figures_.address = streamed.address;
  figures_.recipe = streamed.recipe;
  figures_.sampler = streamed.sampler;
  figures_.plan = absl::StrCat(options_.plan, ", one period of ", streamed.rows.size(), " rows");
  const PartTimer timer(figures_.seconds, "figures");
  RETURN_IF_ERROR(AddProjection(data_, streamed.rows, figures_));
  RETURN_IF_ERROR(AddDistances(data_, streamed.rows, figures_));
  return RetrainResult{.head = heads_.at(report::kLdmlr), .figures = figures_};
}

absl::Status CheckOptions(const RetrainOptions& options) {
  const std::set<std::string> distinct(options.guidance_candidates.begin(),
                                       options.guidance_candidates.end());
  if (distinct.empty() || distinct.size() != options.guidance_candidates.size()) {
    return absl::InvalidArgumentError(
        "guidance candidates: expected at least one, and none of them twice");
  }
  if (options.refit.bias_shifts.empty()) {
    return absl::InvalidArgumentError("bias shifts: expected at least one");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RetrainResult> Retrain(const TrainerData& data, const RetrainOptions& options,
                                      RowSource& source, const OpenTestRows& open_test,
                                      training::ProgressSink& progress) {
  RETURN_IF_ERROR(CheckOptions(options));
  return CatchTorchErrors([&]() -> absl::StatusOr<RetrainResult> {
    Run run(data, options, source, progress);
    RETURN_IF_ERROR(run.MakePlans());
    RETURN_IF_ERROR(run.TakeCandidates());
    RETURN_IF_ERROR(run.ChooseGuidance());
    RETURN_IF_ERROR(run.FitControls());
    RETURN_IF_ERROR(run.FitWithoutData());
    RETURN_IF_ERROR(run.Measure(open_test));
    return run.Finish();
  });
}

}  // namespace tailcast::retrain
