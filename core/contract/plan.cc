#include "core/contract/plan.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/contract/digest_writer.h"
#include "core/contract/permute.h"
#include "core/random/philox.h"

namespace tailcast {
namespace {

using Uint128 = unsigned __int128;

constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();
constexpr int32_t kMaxClassIndex = (1 << 24) - 1;
constexpr int64_t kWindow = 256;             // rows of one local shuffle
constexpr uint32_t kPlanOrder = 0xFFF00000;  // step 0xFFF: a domain that no noise uses

// What a block of random words is for.
enum class WordsKind : uint32_t { kShift = 0, kWindowOrder = 1, kMemberOrder = 2 };

PermuteKeys Words(WordsKind kind, int64_t block, int64_t item, int64_t order_seed) {
  const auto bits = static_cast<uint64_t>(block);
  return Philox({static_cast<uint32_t>(bits), static_cast<uint32_t>(bits >> 32),
                 static_cast<uint32_t>(item), kPlanOrder | static_cast<uint32_t>(kind)},
                PhiloxKeyOf(order_seed));
}

// The words of the classes read last. Neighbouring rows are of one block.
class MemberWords {
 public:
  explicit MemberWords(int64_t order_seed) : order_seed_(order_seed) {}

  const PermuteKeys& Get(int64_t block, size_t entry, int32_t class_index) {
    Cached& cached = cached_[entry % kCachedEntries];
    if (cached.block != block || cached.entry != entry) {
      cached = {block, entry, Words(WordsKind::kMemberOrder, block, class_index, order_seed_)};
    }
    return cached.words;
  }

 private:
  static constexpr size_t kCachedEntries = 64;
  struct Cached {
    int64_t block = -1;
    size_t entry = 0;
    PermuteKeys words{};
  };
  const int64_t order_seed_;
  std::array<Cached, kCachedEntries> cached_;
};

// Where a row stands in its period, and the words of its window, which neighbours share.
struct Place {
  int64_t block = -1, window = -1;
  uint32_t in_window = 0, window_size = 0;
  int64_t shift = 0;
  PermuteKeys window_order{};

  // Moves to `row`.
  void MoveTo(int64_t row, int64_t period, int64_t order_seed) {
    const int64_t new_block = row / period, in_period = row % period;
    const int64_t new_window = in_period / kWindow;
    in_window = static_cast<uint32_t>(in_period % kWindow);
    if (new_block == block && new_window == window) return;
    if (new_block != block) {
      const uint64_t random = Words(WordsKind::kShift, new_block, 0, order_seed)[0];
      shift = static_cast<int64_t>(random * static_cast<uint64_t>(period) >> 32);
    }
    block = new_block;
    window = new_window;
    window_size = static_cast<uint32_t>(std::min(kWindow, period - window * kWindow));
    window_order = Words(WordsKind::kWindowOrder, block, window, order_seed);
  }

  // The row's slot of the even spread, once its window is shuffled.
  int64_t Slot(uint32_t shuffled, int64_t spread, int64_t period) const {
    return ((window * kWindow + shuffled) * spread + shift) % period;
  }
};

// Near period / golden ratio, and coprime to the period: consecutive rows land far apart.
int64_t SpreadOf(int64_t period) {
  constexpr uint64_t kGoldenRatio = 0x9E3779B97F4A7C15;
  const auto share = static_cast<int64_t>(static_cast<Uint128>(period) * kGoldenRatio >> 64);
  int64_t spread = std::max<int64_t>(1, share);
  while (std::gcd(spread, period) != 1) ++spread;
  return spread;
}

// Whole periods whose ordinals of this class are all below 2^63; at most 2^63 - 1.
int64_t PeriodsThatFit(const ClassWeight& entry) {
  const int64_t last = (kMaxInt64 - entry.first_ordinal - (entry.weight - 1)) / entry.weight;
  return std::min(last, kMaxInt64 - 1) + 1;
}

absl::Status Wrong(size_t entry, absl::string_view field, int64_t value,
                   absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("stream.plan.class_weights[", entry, "].", field,
                                                 " is ", value, "; expected ", expected));
}

absl::Status ValidateEntry(const std::vector<ClassWeight>& entries, size_t i) {
  const ClassWeight& entry = entries[i];
  const int64_t previous = i == 0 ? -1 : entries[i - 1].class_index;
  if (entry.class_index <= previous || entry.class_index > kMaxClassIndex) {
    return Wrong(i, "class_index", entry.class_index,
                 absl::StrCat("strictly ascending classes in [0, ", kMaxClassIndex, "]"));
  }
  if (entry.weight < 1 || entry.weight > kMaxPeriod) {
    return Wrong(i, "weight", entry.weight, absl::StrCat("[1, ", kMaxPeriod, "]"));
  }
  const int64_t max_first = kMaxInt64 - (entry.weight - 1);
  if (entry.first_ordinal < 0 || entry.first_ordinal > max_first) {
    return Wrong(i, "first_ordinal", entry.first_ordinal, absl::StrCat("[0, ", max_first, "]"));
  }
  return absl::OkStatus();
}

absl::Status ValidateNonNegative(absl::string_view field, int64_t value) {
  if (value >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", value, "; expected [0, ", kMaxInt64, "]"));
}

absl::Status Validate(const PlanSpec& spec) {
  const auto count = static_cast<int64_t>(spec.class_weights.size());
  if (count < 1 || count > kMaxPlanClasses) {
    return absl::InvalidArgumentError(absl::StrCat("stream.plan.class_weights has ", count,
                                                   " entries; expected 1 to ", kMaxPlanClasses));
  }
  int64_t period = 0;
  for (size_t i = 0; i < spec.class_weights.size(); ++i) {
    RETURN_IF_ERROR(ValidateEntry(spec.class_weights, i));
    period += spec.class_weights[i].weight;
  }
  if (period > kMaxPeriod) {
    return absl::InvalidArgumentError(absl::StrCat("stream.plan.class_weights have the sum ",
                                                   period, "; expected at most ", kMaxPeriod));
  }
  RETURN_IF_ERROR(ValidateNonNegative("stream.plan.order_seed", spec.order_seed));
  return ValidateNonNegative("stream.plan.repeat_period_count", spec.repeat_period_count);
}

}  // namespace

absl::StatusOr<Plan> Plan::Create(PlanSpec spec) {
  RETURN_IF_ERROR(Validate(spec));
  return Plan(std::move(spec));
}

Plan::Plan(PlanSpec spec) : spec_(std::move(spec)), starts_({0}) {
  int64_t periods = kMaxInt64;
  for (const ClassWeight& entry : spec_.class_weights) {
    starts_.push_back(starts_.back() + entry.weight);
    periods = std::min(periods, PeriodsThatFit(entry));
  }
  period_ = starts_.back();
  spread_ = SpreadOf(period_);
  const bool repeats_in_time =
      spec_.repeat_period_count > 0 && spec_.repeat_period_count <= periods;
  end_row_ = repeats_in_time || periods > kMaxInt64 / period_ ? kMaxInt64 : periods * period_;
}

size_t Plan::EntryOf(int64_t slot) const {
  // Without a branch that would be guessed wrongly: slots come in no order.
  size_t first = 0;
  for (size_t count = spec_.class_weights.size(); count > 1;) {
    const size_t half = count / 2;
    first += starts_[first + half] <= slot ? half : 0;
    count -= half;
  }
  return first;
}

Sample Plan::SampleOf(int64_t block, size_t entry, uint32_t member) const {
  const ClassWeight& weight = spec_.class_weights[entry];
  if (spec_.repeat_period_count > 0) block %= spec_.repeat_period_count;
  return {weight.class_index, weight.first_ordinal + block * weight.weight + member};
}

Sample Plan::At(int64_t row) const {
  Place place;
  place.MoveTo(row, period_, spec_.order_seed);
  const uint32_t shuffled = Permute(place.window_size, place.window_order, place.in_window);
  const int64_t slot = place.Slot(shuffled, spread_, period_);
  const size_t entry = EntryOf(slot);
  const ClassWeight& weight = spec_.class_weights[entry];
  const auto member = static_cast<uint32_t>(slot - starts_[entry]);
  const PermuteKeys order =
      Words(WordsKind::kMemberOrder, place.block, weight.class_index, spec_.order_seed);
  return SampleOf(place.block, entry, Permute(static_cast<uint32_t>(weight.weight), order, member));
}

void Plan::ReadSamples(absl::Span<const int64_t> rows, absl::Span<Sample> samples) const {
  for (size_t i = 0; i < rows.size(); i += PermuteLanes::kMaxLanes) {
    ReadLanes(rows.subspan(i, PermuteLanes::kMaxLanes), samples.subspan(i));
  }
}

// At() step by step for all rows.
void Plan::ReadLanes(absl::Span<const int64_t> rows, absl::Span<Sample> samples) const {
  PermuteLanes lanes;
  std::array<uint32_t, PermuteLanes::kMaxLanes> permuted;
  Place place;
  for (const int64_t row : rows) {
    place.MoveTo(row, period_, spec_.order_seed);
    lanes.Add(place.window_size, place.window_order, place.in_window);
  }
  lanes.Run(absl::MakeSpan(permuted));

  MemberWords words(spec_.order_seed);
  std::array<size_t, PermuteLanes::kMaxLanes> entries;
  for (size_t i = 0; i < rows.size(); ++i) {
    place.MoveTo(rows[i], period_, spec_.order_seed);
    const int64_t slot = place.Slot(permuted[i], spread_, period_);
    entries[i] = EntryOf(slot);
    const ClassWeight& weight = spec_.class_weights[entries[i]];
    lanes.Add(static_cast<uint32_t>(weight.weight),
              words.Get(place.block, entries[i], weight.class_index),
              static_cast<uint32_t>(slot - starts_[entries[i]]));
  }
  lanes.Run(absl::MakeSpan(permuted));
  for (size_t i = 0; i < rows.size(); ++i) {
    samples[i] = SampleOf(rows[i] / period_, entries[i], permuted[i]);
  }
}

Digest Plan::digest() const {
  DigestWriter writer("plan.v1");
  writer.U64(static_cast<uint64_t>(spec_.order_seed));
  writer.U64(static_cast<uint64_t>(spec_.repeat_period_count));
  writer.U32(static_cast<uint32_t>(spec_.class_weights.size()));
  for (const ClassWeight& entry : spec_.class_weights) {
    writer.U32(static_cast<uint32_t>(entry.class_index));
    writer.U64(static_cast<uint64_t>(entry.weight)).U64(static_cast<uint64_t>(entry.first_ordinal));
  }
  return writer.Finish();
}

}  // namespace tailcast
