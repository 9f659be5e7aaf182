#include "core/stream/row_generator.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/stream/tile_planner.h"

namespace tailcast::stream {
namespace {

absl::Status CheckRange(int64_t start_row, int64_t row_count, int64_t end_row) {
  if (start_row >= 0 && start_row <= end_row && row_count <= end_row - start_row) {
    return absl::OkStatus();
  }
  return absl::OutOfRangeError(absl::StrCat(row_count, " rows from row ", start_row,
                                            " on; expected rows in [0, ", end_row, ")"));
}

}  // namespace

RowGenerator::RowGenerator(std::shared_ptr<const SamplerProgram> program, ResolvedStream stream)
    : program_(std::move(program)), stream_(std::move(stream)) {}

absl::Status RowGenerator::Generate(int64_t start_row, absl::FunctionRef<bool()> is_cancelled,
                                    absl::Span<int32_t> class_indices,
                                    absl::Span<float> features) const {
  const auto dim = static_cast<size_t>(program_->feature_dim());
  const auto row_count = static_cast<int64_t>(class_indices.size());
  RETURN_IF_ERROR(CheckRange(start_row, row_count, stream_.plan.end_row()));
  if (features.size() != class_indices.size() * dim) {
    return absl::InternalError(absl::StrCat("room for ", features.size(), " floats; expected ",
                                            row_count, " rows of ", dim));
  }
  std::vector<int64_t> wanted;
  std::vector<float> computed;
  for (int64_t done = 0; done < row_count;) {
    wanted.resize(
        static_cast<size_t>(std::min<int64_t>(row_count - done, stream_.numerics.largest_tile())));
    std::iota(wanted.begin(), wanted.end(), start_row + done);
    const PlannedTile tile = PlanTile(stream_, wanted);
    computed.resize(tile.rows.size() * dim);
    RETURN_IF_ERROR(
        program_->RunTile(tile.rows, tile.tile_rows, is_cancelled, absl::MakeSpan(computed)));
    for (const int32_t place : tile.places) {
      const auto from = static_cast<size_t>(place), to = static_cast<size_t>(done++);
      class_indices[to] = tile.rows[from].sample.class_index;
      std::copy_n(computed.begin() + static_cast<ptrdiff_t>(from * dim), dim,
                  features.begin() + to * dim);
    }
  }
  return absl::OkStatus();
}

}  // namespace tailcast::stream
