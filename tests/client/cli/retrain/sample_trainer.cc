#include "tests/client/cli/retrain/sample_trainer.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <numeric>

#include "core/contract/address.h"
#include "core/training/classifier_refit.h"

namespace tailcast::retrain {
namespace {

at::Tensor Centres() {
  const at::Generator rng = at::make_generator<at::CPUGeneratorImpl>(/*seed_in=*/17);
  return at::randn({kSampleClasses, kSampleDim}, rng, at::kFloat) * 0.9 + 0.6;
}

// Plain logistic regression: every row counts the same, so that frequent classes win.
classifiers::LinearHead FitAsIs(const training::LabelledRows& rows) {
  training::PaperRefitOptions options;
  options.epochs = 60;
  options.learning_rate = 0.05;
  const classifiers::LinearHead zero = {.weight = at::zeros({kSampleClasses, kSampleDim}),
                                        .bias = at::zeros({kSampleClasses})};
  FakeProgress progress;
  return training::RefitClassifierAsPaper(rows, {}, zero, options, progress)->head;
}

}  // namespace

training::LabelledRows SampleRows(const std::vector<int64_t>& counts, uint64_t seed) {
  // Threads cost more than they give for so little, and much more on a busy machine.
  at::set_num_threads(1);
  const at::Generator rng = at::make_generator<at::CPUGeneratorImpl>(seed);
  const at::Tensor labels =
      at::repeat_interleave(at::arange(kSampleClasses), at::tensor(counts, at::kLong));
  const at::Tensor noise = at::randn({labels.size(0), kSampleDim}, rng, at::kFloat);
  return {at::relu(Centres().index_select(0, labels) + 0.8 * noise), labels};
}

TrainerData SampleTrainer() {
  TrainerData data;
  data.class_counts = {400, 180, 80, 36, 16, 8};
  data.training = SampleRows(data.class_counts, 1);
  data.validation = SampleRows(std::vector<int64_t>(kSampleClasses, 60), 2);
  data.stage1 = FitAsIs(data.training);
  data.space = {.encoder = ImportedSpace("sample"),
                .imported_name = "sample",
                .dimension = kSampleDim,
                .non_negative = true};
  data.dataset = "sample";
  data.class_names = {"a", "b", "c", "d", "e", "f"};
  data.class_groups = data::GroupClassesByRank(data.class_counts);
  return data;
}

absl::StatusOr<StreamedRows> FakeRowSource::Take(const RowQuery& query,
                                                 training::ProgressSink& progress) {
  progress.Begin(query.what, "rows", 0, 1);
  if (progress.stop_requested()) return absl::CancelledError("interrupted");
  queries.push_back(query);
  std::vector<int64_t> counts(kSampleClasses);
  for (const ClassWeight& weight : query.plan.class_weights) {
    counts[weight.class_index] = weight.weight;
  }
  StreamedRows streamed;
  streamed.rows = SampleRows(counts, 100 + queries.size());
  if (spoil) spoil(query, streamed.rows);
  streamed.bundle = "sample@1";
  streamed.bundle_digest = std::string(64, 'b');
  streamed.address = "tc1-" + std::string(64, static_cast<char>('0' + queries.size()));
  streamed.sampler = "ddim, 16 steps, guidance 0";
  return streamed;
}

}  // namespace tailcast::retrain
