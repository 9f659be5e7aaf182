#include "core/stream/conditioning.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace tailcast::stream {
namespace {

// Rows of every batch that the denoiser's conditioning sees.
constexpr int64_t kBatchRows = 64;

at::TensorOptions Int64() { return at::TensorOptions(at::kLong); }

}  // namespace

Conditioning::Conditioning(diffusion::Denoiser& denoiser, std::vector<int64_t> timesteps,
                           int64_t num_classes, int64_t max_table_bytes)
    : denoiser_(denoiser), timesteps_(std::move(timesteps)), num_classes_(num_classes) {
  const int64_t num_labels = num_classes + 1;
  const at::Tensor first = ComputeBatch(timesteps_[0], at::zeros({1}, Int64()));  // [1, C]
  const auto row_bytes = static_cast<int64_t>(first.nbytes());
  const auto num_steps = static_cast<int64_t>(timesteps_.size());
  if (row_bytes > max_table_bytes / num_labels / num_steps) {
    independent_ = RowsAreIndependent();
    return;
  }
  const at::Tensor labels = at::arange(num_labels, Int64());
  for (const int64_t timestep : timesteps_) table_.push_back(Compute(timestep, labels));
}

void Conditioning::GetRows(int64_t step, const at::Tensor& labels, at::Tensor& rows) const {
  const auto index = static_cast<size_t>(step);
  if (!has_table()) {
    const int64_t timestep = timesteps_[index];
    rows = independent_ ? Compute(timestep, labels) : ComputeAlone(timestep, labels);
  } else if (rows.defined()) {
    at::index_select_out(rows, table_[index], /*dim=*/0, labels);
  } else {
    rows = table_[index].index_select(/*dim=*/0, labels);
  }
}

at::Tensor Conditioning::Compute(int64_t timestep, const at::Tensor& labels) const {
  std::vector<at::Tensor> batches;
  for (const at::Tensor& batch : labels.split(kBatchRows)) {
    batches.push_back(ComputeBatch(timestep, batch));
  }
  return at::cat(batches);
}

at::Tensor Conditioning::ComputeBatch(int64_t timestep, const at::Tensor& labels) const {
  const int64_t count = labels.size(0);
  const at::Tensor padding = labels.narrow(/*dim=*/0, count - 1, 1).expand({kBatchRows - count});
  const at::Tensor timesteps = at::full({kBatchRows}, timestep, Int64());
  return denoiser_.Condition(timesteps, at::cat({labels, padding}))
      .narrow(/*dim=*/0, 0, count)
      .contiguous();
}

at::Tensor Conditioning::ComputeAlone(int64_t timestep, const at::Tensor& labels) const {
  const auto [distinct, place, counts] =
      at::unique_dim(labels, /*dim=*/0, /*sorted=*/true, /*return_inverse=*/true);
  std::vector<at::Tensor> rows;
  for (const at::Tensor& label : distinct.split(1)) rows.push_back(ComputeBatch(timestep, label));
  return at::cat(rows).index_select(/*dim=*/0, place);
}

bool Conditioning::RowsAreIndependent() const {
  const int64_t count = std::min(kBatchRows, num_classes_ + 1);
  const at::Tensor labels = (at::arange(count, Int64()) * num_classes_)
                                .floor_divide_(std::max<int64_t>(1, count - 1));  // 0 to K, spread
  for (const int64_t timestep : {timesteps_.front(), timesteps_.back()}) {
    const at::Tensor together = ComputeBatch(timestep, labels);
    const at::Tensor reversed = ComputeBatch(timestep, labels.flip(0)).flip(0);
    if (!together.equal(reversed) || !together.equal(ComputeAlone(timestep, labels))) return false;
  }
  return true;
}

}  // namespace tailcast::stream
