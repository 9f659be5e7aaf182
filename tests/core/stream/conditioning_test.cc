#include "core/stream/conditioning.h"

#include <c10/core/InferenceMode.h>

#include "core/contract/sampler_spec.h"
#include "core/tensor/compute_threads.h"
#include "gtest/gtest.h"
#include "tests/core/stream/generators.h"

namespace tailcast::stream {
namespace {

// Class 0 to K of every step, by hand: one batch of 64 of the same label each.
at::Tensor RowOf(diffusion::Denoiser& denoiser, int64_t timestep, int64_t label) {
  const auto options = at::TensorOptions(at::kLong);
  return denoiser.Condition(at::full({64}, timestep, options), at::full({64}, label, options))[0];
}

class ConditioningTest : public ::testing::Test {
 protected:
  void SetUp() override { UseOneComputeThread(); }

  at::Tensor Rows(const Conditioning& conditioning, int64_t step, std::vector<int64_t> labels) {
    at::Tensor rows;
    conditioning.GetRows(step, at::tensor(labels), rows);
    at::Tensor again = at::zeros_like(rows);
    conditioning.GetRows(step, at::tensor(labels), again);
    EXPECT_TRUE(rows.equal(again)) << "an old buffer must be filled as a new one";
    return rows;
  }

  const c10::InferenceMode inference_mode_;
  const std::vector<int64_t> timesteps_ = TrailingTimesteps(3, 1000);
};

TEST_F(ConditioningTest, EveryStepAndLabelHasItsOwnRow) {
  const int64_t num_classes = 70;  // more than one batch
  const auto denoiser = DrawDenoiser(SmallSpec(num_classes).denoiser);
  const Conditioning conditioning(*denoiser, timesteps_, num_classes);
  EXPECT_TRUE(conditioning.has_table());
  const std::vector<int64_t> labels = {70, 0, 69, 63, 64, 0, 1};
  for (int64_t step = 0; step < 3; ++step) {
    const at::Tensor rows = Rows(conditioning, step, labels);
    for (size_t i = 0; i < labels.size(); ++i) {
      EXPECT_TRUE(rows[static_cast<int64_t>(i)].equal(
          RowOf(*denoiser, timesteps_[static_cast<size_t>(step)], labels[i])))
          << "step " << step << ", label " << labels[i];
    }
  }
}

TEST_F(ConditioningTest, RowsComputedPerTileEqualThoseOfTheTable) {
  const int64_t num_classes = 70;
  const auto denoiser = DrawDenoiser(SmallSpec(num_classes).denoiser);
  const Conditioning table(*denoiser, timesteps_, num_classes);
  const Conditioning per_tile(*denoiser, timesteps_, num_classes, /*max_table_bytes=*/0);
  EXPECT_FALSE(per_tile.has_table());
  for (int64_t step = 0; step < 3; ++step) {
    for (const auto& labels : {std::vector<int64_t>{5}, std::vector<int64_t>{70, 3, 3, 69}}) {
      EXPECT_TRUE(Rows(table, step, labels).equal(Rows(per_tile, step, labels)));
    }
    std::vector<int64_t> many;
    for (int64_t i = 0; i < 256; ++i) many.push_back(i * 37 % 71);
    EXPECT_TRUE(Rows(table, step, many).equal(Rows(per_tile, step, many)));
  }
}

TEST_F(ConditioningTest, TheTableIsBoundedInBytes) {
  const int64_t num_classes = 9, num_steps = 3;
  const auto denoiser = DrawDenoiser(SmallSpec(num_classes).denoiser);
  const auto row_bytes = static_cast<int64_t>(RowOf(*denoiser, 0, 0).nbytes());
  const int64_t table_bytes = row_bytes * (num_classes + 1) * num_steps;
  EXPECT_TRUE(Conditioning(*denoiser, timesteps_, num_classes, table_bytes).has_table());
  EXPECT_FALSE(Conditioning(*denoiser, timesteps_, num_classes, table_bytes - 1).has_table());
}

// Conditioning whose rows depend on what else is in the batch.
class LeakyConditioning final : public WrappedDenoiser {
 public:
  using WrappedDenoiser::WrappedDenoiser;
  at::Tensor Condition(const at::Tensor& timesteps, const at::Tensor& labels) override {
    const auto rows = WrappedDenoiser::Condition(timesteps, labels);
    return rows - rows.mean(/*dim=*/0, /*keepdim=*/true);
  }
};

TEST_F(ConditioningTest, ARowDoesNotDependOnTheTileEvenIfTheDenoiserMixesItsBatch) {
  const int64_t num_classes = 70;
  LeakyConditioning denoiser(DrawDenoiser(SmallSpec(num_classes).denoiser));
  const Conditioning conditioning(denoiser, timesteps_, num_classes, /*max_table_bytes=*/0);
  const at::Tensor alone = Rows(conditioning, 1, {5});
  const at::Tensor together = Rows(conditioning, 1, {7, 5, 70, 5});
  EXPECT_TRUE(together[1].equal(alone[0]));
  EXPECT_TRUE(together[3].equal(alone[0]));
}

}  // namespace
}  // namespace tailcast::stream
