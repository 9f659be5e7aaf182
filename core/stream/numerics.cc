#include "core/stream/numerics.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"

namespace tailcast::stream {
namespace {

// Rows of the probe digest: stream contract, section 2.
constexpr int64_t kProbeRows = 1024;
// Rows that the proof computes in tiles of one size: four tiles, but not more rows than the
// largest.
constexpr int32_t kProofTiles = 4;
constexpr int32_t kMaxProofRows = 256;
// Seed of the rows that stand beside probe rows as noise.
constexpr int64_t kNeighbourSeed = 1;
// Multiplier of the shuffle; odd, and so coprime to the number of rows.
constexpr int64_t kShuffleStep = 97;

// Guidance of the guided half of the proof, and its steps: few, since the kernels are those of the
// bundle's own sampler but for the conditioning.
constexpr double kProofGuidance = 1.5;
constexpr int32_t kMaxGuidedSteps = 2;

using IsCancelled = absl::FunctionRef<bool()>;

// Row i of the probe: class i mod K, ordinal i div K.
std::vector<TileRow> MakeRows(int64_t count, int64_t num_classes, int64_t seed) {
  std::vector<TileRow> rows;
  rows.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    const auto class_index = static_cast<int32_t>(i % num_classes);
    rows.push_back(
        {.seed = seed, .sample = {.class_index = class_index, .ordinal = i / num_classes}});
  }
  return rows;
}

using Features = std::vector<float>;

// Rows in order, in full tiles of one size.
absl::StatusOr<Features> ComputeRows(const SamplerProgram& program,
                                     const std::vector<TileRow>& rows, int32_t tile_rows,
                                     IsCancelled is_cancelled) {
  const auto dim = static_cast<size_t>(program.feature_dim());
  const auto size = static_cast<size_t>(tile_rows);
  Features features(rows.size() * dim);
  for (size_t begin = 0; begin < rows.size(); begin += size) {
    const auto tile = absl::MakeConstSpan(rows).subspan(begin, size);
    const auto out = absl::MakeSpan(features).subspan(begin * dim, tile.size() * dim);
    RETURN_IF_ERROR(program.RunTile(tile, tile_rows, is_cancelled, out));
  }
  return features;
}

// Bytes, because NaN is equal to itself here, and 0 is not -0.
bool SameRow(const Features& a, size_t row_a, const Features& b, size_t row_b, size_t dim) {
  return std::memcmp(&a[row_a * dim], &b[row_b * dim], dim * sizeof(float)) == 0;
}

// The proof for one size of tile.
class TileProof {
 public:
  TileProof(const SamplerProgram& program, int32_t tile_rows, IsCancelled is_cancelled)
      : program_(program),
        tile_rows_(tile_rows),
        is_cancelled_(is_cancelled),
        count_(std::min(kProofTiles * tile_rows, kMaxProofRows)),
        dim_(static_cast<size_t>(program.feature_dim())),
        rows_(MakeRows(count_, program.num_classes(), /*seed=*/0)) {}

  // Whether rows are the same in order, shuffled, among noise and alone.
  absl::StatusOr<bool> Run() {
    ASSIGN_OR_RETURN(in_order_, Compute(rows_));
    ASSIGN_OR_RETURN(const bool shuffled, HoldsShuffled());
    if (!shuffled) return false;
    ASSIGN_OR_RETURN(const bool among_noise, HoldsAmongNoise());
    if (!among_noise) return false;
    return HoldsAlone(count_ - 1);
  }

  // Probe rows from row 0 on, in order.
  const Features& in_order() const { return in_order_; }

 private:
  // Every row moves to another place, most to another tile.
  absl::StatusOr<bool> HoldsShuffled() {
    std::vector<TileRow> shuffled;
    for (int64_t i = 0; i < count_; ++i) shuffled.push_back(rows_[Shuffled(i)]);
    ASSIGN_OR_RETURN(const Features features, Compute(shuffled));
    bool same = true;
    for (int64_t i = 0; i < count_; ++i) {
      same &= SameRow(features, static_cast<size_t>(i), in_order_, Shuffled(i), dim_);
    }
    return same;
  }

  // Every second row gives way to one of another stream.
  absl::StatusOr<bool> HoldsAmongNoise() {
    std::vector<TileRow> mixed = MakeRows(count_, program_.num_classes(), kNeighbourSeed);
    for (int64_t i = 0; i < count_; i += 2) mixed[static_cast<size_t>(i)] = rows_[Shuffled(i)];
    ASSIGN_OR_RETURN(const Features features, Compute(mixed));
    bool same = true;
    for (int64_t i = 0; i < count_; i += 2) {
      same &= SameRow(features, static_cast<size_t>(i), in_order_, Shuffled(i), dim_);
    }
    return same;
  }

  absl::StatusOr<bool> HoldsAlone(int64_t row) {
    const auto index = static_cast<size_t>(row);
    ASSIGN_OR_RETURN(const Features features, Compute({rows_[index]}));
    return SameRow(features, 0, in_order_, index, dim_);
  }

  absl::StatusOr<Features> Compute(const std::vector<TileRow>& rows) const {
    return ComputeRows(program_, rows, tile_rows_, is_cancelled_);
  }

  size_t Shuffled(int64_t i) const {
    return static_cast<size_t>((i * kShuffleStep + kShuffleStep) % count_);
  }

  const SamplerProgram& program_;
  const int32_t tile_rows_;
  const IsCancelled is_cancelled_;
  const int64_t count_;
  const size_t dim_;
  const std::vector<TileRow> rows_;
  Features in_order_;
};

struct ProvenSize {
  int32_t tile_rows = 0;
  std::vector<Features> rows = {};  // of each program, the first probe rows
};

bool SameBits(const Features& a, const Features& b) {
  return std::memcmp(a.data(), b.data(), std::min(a.size(), b.size()) * sizeof(float)) == 0;
}

bool SameRows(const ProvenSize& a, const ProvenSize& b) {
  return std::equal(a.rows.begin(), a.rows.end(), b.rows.begin(), b.rows.end(), SameBits);
}

// The largest group of sizes that give equal rows, ascending; among groups of one size the one with
// the largest tile. proven: ascending.
std::vector<int32_t> LargestEqualGroup(const std::vector<ProvenSize>& proven) {
  std::vector<int32_t> largest;
  for (const ProvenSize& leader : proven) {
    std::vector<int32_t> group;
    for (const ProvenSize& other : proven) {
      if (SameRows(leader, other)) group.push_back(other.tile_rows);
    }
    if (group.size() >= largest.size()) largest = std::move(group);
  }
  return largest;
}

using Programs = std::vector<const SamplerProgram*>;

// The rows of every program in tiles of one size; without any if they depend on their tile.
absl::StatusOr<ProvenSize> ProveSize(const Programs& programs, int32_t tile_rows,
                                     IsCancelled is_cancelled) {
  ProvenSize proven = {.tile_rows = tile_rows};
  for (const SamplerProgram* const program : programs) {
    TileProof proof(*program, tile_rows, is_cancelled);
    ASSIGN_OR_RETURN(const bool holds, proof.Run());
    if (!holds) return ProvenSize();
    proven.rows.push_back(proof.in_order());
  }
  return proven;
}

absl::StatusOr<std::vector<int32_t>> ProveTileRows(const SamplerProgram& program,
                                                   IsCancelled is_cancelled) {
  Programs programs = {&program};
  std::shared_ptr<const SamplerProgram> guided;
  if (!UsesGuidance(program.spec())) {
    SamplerSpec spec = program.spec();
    spec.num_steps = std::min(spec.num_steps, kMaxGuidedSteps);
    spec.guidance_weights = {kProofGuidance};
    ASSIGN_OR_RETURN(guided, program.WithSampler(spec));
    programs.push_back(guided.get());
  }
  std::vector<ProvenSize> proven;
  for (const int32_t tile_rows : kCandidateTileRows) {
    ASSIGN_OR_RETURN(ProvenSize size, ProveSize(programs, tile_rows, is_cancelled));
    if (!size.rows.empty()) proven.push_back(std::move(size));
  }
  return LargestEqualGroup(proven);
}

absl::Status CheckFinite(const Features& features, const std::vector<TileRow>& rows, size_t dim) {
  const auto wrong = std::find_if_not(features.begin(), features.end(),
                                      [](float value) { return std::isfinite(value); });
  if (wrong == features.end()) return absl::OkStatus();
  const auto index = static_cast<size_t>(wrong - features.begin());
  const Sample& sample = rows[index / dim].sample;
  return absl::FailedPreconditionError(
      absl::StrCat("the generator gives features that are not finite: probe row ", index / dim,
                   " (class ", sample.class_index, ", ordinal ", sample.ordinal, "), dimension ",
                   index % dim, " is ", *wrong, "; expected finite numbers"));
}

// SHA-256 of the probe rows, computed as streams will be.
absl::StatusOr<std::string> ProbeDigest(const SamplerProgram& program, int32_t tile_rows,
                                        IsCancelled is_cancelled) {
  const std::vector<TileRow> rows = MakeRows(kProbeRows, program.num_classes(), /*seed=*/0);
  ASSIGN_OR_RETURN(const Features features, ComputeRows(program, rows, tile_rows, is_cancelled));
  RETURN_IF_ERROR(CheckFinite(features, rows, static_cast<size_t>(program.feature_dim())));
  return ToHex(Sha256Of(absl::string_view(reinterpret_cast<const char*>(features.data()),
                                          features.size() * sizeof(float))));
}

}  // namespace

absl::StatusOr<Numerics> ProveNumerics(const SamplerProgram& program, IsCancelled is_cancelled) {
  Numerics numerics;
  ASSIGN_OR_RETURN(numerics.tile_rows, ProveTileRows(program, is_cancelled));
  const bool invariant = !numerics.tile_rows.empty();
  if (!invariant) numerics.tile_rows = {kAlignedTileRows};
  numerics.invariance = invariant ? Invariance::kRow : Invariance::kAlignedTile;

  numerics.facts = PlatformFacts();
  numerics.facts["mode"] =
      invariant ? "row_invariant" : absl::StrCat("aligned_tile=", kAlignedTileRows);
  numerics.facts["tiles"] = absl::StrJoin(numerics.tile_rows, ",");
  ASSIGN_OR_RETURN(numerics.facts["probe"],
                   ProbeDigest(program, numerics.largest_tile(), is_cancelled));
  numerics.id = NumericsId(numerics.facts);
  return numerics;
}

}  // namespace tailcast::stream
