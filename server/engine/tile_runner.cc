#include "server/engine/tile_runner.h"

#include <algorithm>

#include "absl/types/span.h"
#include "core/stream/tile_planner.h"
#include "core/tensor/torch_status.h"

namespace tailcast::engine {
namespace {

// A tile goes on as long as one of its rows is wanted.
bool NobodyWants(const Tile& tile) {
  return std::none_of(tile.pieces.begin(), tile.pieces.end(),
                      [](const TilePiece& piece) { return piece.job->Wanted().ok(); });
}

// Writes the numbers of a piece's rows to their place in the job's block.
absl::Span<const int64_t> NumberRows(const TilePiece& piece) {
  const auto rows = absl::MakeSpan(piece.job->block().rows).subspan(piece.first, piece.count);
  piece.job->ReadRows(piece.first, rows);
  return rows;
}

// Rows of a piece go to their place in the job's block.
float* FeaturesOf(const TilePiece& piece, int64_t feature_dim) {
  return piece.job->block().features.get() + piece.first * feature_dim;
}

}  // namespace

TileOutcome TileRunner::Run(const Tile& tile) {
  TileOutcome outcome;
  const bool aligned = tile.program->numerics().invariance == stream::Invariance::kAlignedTile;
  outcome.status = CatchTorchErrors(
      [&] { return aligned ? RunAligned(tile, outcome) : RunShared(tile, outcome); });
  for (const TilePiece& piece : tile.pieces) {
    if (outcome.status.ok()) {
      piece.job->Finished(piece.count);
    } else {
      // A tile that is given up does not know why; the call does.
      const absl::Status wanted = piece.job->Wanted();
      piece.job->Fail(wanted.ok() ? outcome.status : wanted);
    }
  }
  return outcome;
}

absl::Status TileRunner::RunShared(const Tile& tile, TileOutcome& outcome) {
  const stream::SamplerProgram& program = tile.program->program();
  const int64_t feature_dim = program.feature_dim();
  rows_.clear();
  for (const TilePiece& piece : tile.pieces) {
    const size_t begin = rows_.size();
    stream::AppendTileRows(piece.job->stream().stream, NumberRows(piece), rows_);
    RowBlock& block = piece.job->block();
    for (int64_t i = 0; i < piece.count; ++i) {
      block.class_indices[piece.first + i] = rows_[begin + i].sample.class_index;
    }
  }
  const int32_t tile_rows = stream::TileRowsFor(tile.program->numerics(), tile.row_count);
  outcome.computed_rows = tile_rows;
  const auto size = static_cast<size_t>(tile.row_count * feature_dim);
  const bool direct = tile.pieces.size() == 1;
  if (!direct) features_.resize(std::max(features_.size(), size));
  float* const out = direct ? FeaturesOf(tile.pieces[0], feature_dim) : features_.data();
  const absl::Status status = program.RunTile(
      rows_, tile_rows, [&tile] { return NobodyWants(tile); }, absl::MakeSpan(out, size));
  if (!status.ok() || direct) return status;
  const float* next = out;
  for (const TilePiece& piece : tile.pieces) {
    const int64_t piece_size = piece.count * feature_dim;
    std::copy_n(next, piece_size, FeaturesOf(piece, feature_dim));
    next += piece_size;
  }
  return absl::OkStatus();
}

absl::Status TileRunner::RunAligned(const Tile& tile, TileOutcome& outcome) {
  const TilePiece& piece = tile.pieces[0];
  const stream::SamplerProgram& program = tile.program->program();
  const int64_t feature_dim = program.feature_dim();
  RowBlock& block = piece.job->block();
  const stream::PlannedTile planned =
      stream::PlanTile(piece.job->stream().stream, NumberRows(piece));
  if (static_cast<int64_t>(planned.places.size()) != piece.count) {
    return absl::InternalError("an aligned tile does not hold the rows that were taken for it");
  }
  outcome.computed_rows = planned.tile_rows;
  features_.resize(std::max(features_.size(), planned.rows.size() * feature_dim));
  const absl::Status status = program.RunTile(
      planned.rows, planned.tile_rows, [&tile] { return NobodyWants(tile); },
      absl::MakeSpan(features_.data(), planned.rows.size() * feature_dim));
  if (!status.ok()) return status;
  float* next = FeaturesOf(piece, feature_dim);
  for (size_t i = 0; i < planned.places.size(); ++i, next += feature_dim) {
    const int64_t place = planned.places[i];
    block.class_indices[piece.first + static_cast<int64_t>(i)] =
        planned.rows[place].sample.class_index;
    std::copy_n(features_.data() + place * feature_dim, feature_dim, next);
  }
  return absl::OkStatus();
}

}  // namespace tailcast::engine
