#ifndef TAILCAST_TESTS_CLIENT_CLI_RETRAIN_SAMPLE_TRAINER_H_
#define TAILCAST_TESTS_CLIENT_CLI_RETRAIN_SAMPLE_TRAINER_H_

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/retrain/row_source.h"
#include "client/cli/retrain/trainer_data.h"
#include "core/contract/plan.h"
#include "core/training/progress.h"

namespace tailcast::retrain {

// Classes are overlapping Gaussians around fixed centres, cut at 0 like features behind a ReLU.
inline constexpr int64_t kSampleClasses = 6;
inline constexpr int64_t kSampleDim = 8;

// `counts[k]` rows of each class k, in order of the classes.
training::LabelledRows SampleRows(const std::vector<int64_t>& counts, uint64_t seed);

// A trainer with 400 to 8 training rows a class, 60 validation rows a class and a stage-1 head that
// was fitted to the training rows as they are, so that it favours the frequent classes.
TrainerData SampleTrainer();

// Gives rows of the true classes, and keeps what was asked.
class FakeRowSource : public RowSource {
 public:
  absl::StatusOr<StreamedRows> Take(const RowQuery& query,
                                    training::ProgressSink& progress) override;

  std::vector<RowQuery> queries;
  // Changes the rows of a query, to make a candidate bad.
  std::function<void(const RowQuery&, training::LabelledRows&)> spoil;
};

// Silent; asks to stop after `stop_after` calls of Begin() or Advance() if that is not negative.
class FakeProgress : public training::ProgressSink {
 public:
  void Begin(const std::string&, const std::string&, int64_t, int64_t) override { ++calls; }
  void Advance(int64_t, const std::vector<std::pair<std::string, double>>&) override { ++calls; }
  void End() override {}
  bool stop_requested() const override { return stop_after >= 0 && calls > stop_after; }

  int calls = 0;
  int stop_after = -1;
};

}  // namespace tailcast::retrain

#endif  // TAILCAST_TESTS_CLIENT_CLI_RETRAIN_SAMPLE_TRAINER_H_
