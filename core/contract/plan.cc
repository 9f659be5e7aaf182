#include "core/contract/plan.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/contract/digest_writer.h"
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

std::array<uint32_t, 4> Words(WordsKind kind, int64_t block, int64_t item, int64_t order_seed) {
  const auto bits = static_cast<uint64_t>(block);
  return Philox({static_cast<uint32_t>(bits), static_cast<uint32_t>(bits >> 32),
                 static_cast<uint32_t>(item), kPlanOrder | static_cast<uint32_t>(kind)},
                PhiloxKeyOf(order_seed));
}

// The words used last. Consecutive rows share block and window, and often a class.
class RecentWords {
 public:
  explicit RecentWords(int64_t order_seed) : order_seed_(order_seed) {}

  const std::array<uint32_t, 4>& Get(WordsKind kind, int64_t block, int64_t item) {
    Entry& entry = entries_[kind == WordsKind::kMemberOrder
                                ? kFirstClassEntry + static_cast<size_t>(item) % kClassEntries
                                : static_cast<size_t>(kind)];
    if (entry.block != block || entry.item != item) {
      entry = {block, item, Words(kind, block, item, order_seed_)};
    }
    return entry.words;
  }

 private:
  static constexpr size_t kFirstClassEntry = 2, kClassEntries = 64;
  struct Entry {
    int64_t block = -1, item = -1;
    std::array<uint32_t, 4> words;
  };
  const int64_t order_seed_;
  std::array<Entry, kFirstClassEntry + kClassEntries> entries_;
};

uint32_t Mix32(uint32_t x) {  // MurmurHash3's finaliser
  x ^= x >> 16;
  x *= 0x85EBCA6B;
  x ^= x >> 13;
  x *= 0xC2B2AE35;
  return x ^ x >> 16;
}

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

uint32_t Permute(uint32_t n, const std::array<uint32_t, 4>& keys, uint32_t x) {
  constexpr uint32_t kRounds = 8, kRoundStep = 0x9E3779B9;
  if (n == 1) return 0;
  const int half = (std::bit_width(n - 1) + 1) / 2;
  const uint32_t mask = (uint32_t{1} << half) - 1;
  do {
    uint32_t left = x >> half, right = x & mask;
    for (uint32_t round = 0; round < kRounds; ++round) {
      const uint32_t mixed = Mix32(right + keys[round & 3] + round * kRoundStep) & mask;
      left = std::exchange(right, left ^ mixed);
    }
    x = left << half | right;
  } while (x >= n);
  return x;
}

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

template <typename RandomWords>
Sample Plan::Locate(int64_t row, RandomWords words) const {
  int64_t block = row / period_;
  const int64_t in_period = row % period_;

  // Local shuffle of each window.
  const int64_t window = in_period / kWindow;
  const auto size = static_cast<uint32_t>(std::min(kWindow, period_ - window * kWindow));
  const int64_t shuffled =
      window * kWindow + Permute(size, words(WordsKind::kWindowOrder, block, window),
                                 static_cast<uint32_t>(in_period % kWindow));

  // Even spread over the slots.
  const uint64_t random = words(WordsKind::kShift, block, 0)[0];
  const auto shift = static_cast<int64_t>(random * static_cast<uint64_t>(period_) >> 32);
  const int64_t slot = (shuffled * spread_ + shift) % period_;

  const auto after = std::upper_bound(starts_.begin(), starts_.end(), slot);
  const auto index = static_cast<size_t>(after - starts_.begin()) - 1;
  const ClassWeight& entry = spec_.class_weights[index];
  const int64_t member = Permute(static_cast<uint32_t>(entry.weight),
                                 words(WordsKind::kMemberOrder, block, entry.class_index),
                                 static_cast<uint32_t>(slot - starts_[index]));
  if (spec_.repeat_period_count > 0) block %= spec_.repeat_period_count;
  return {entry.class_index, entry.first_ordinal + block * entry.weight + member};
}

Sample Plan::At(int64_t row) const {
  return Locate(row, [this](WordsKind kind, int64_t block, int64_t item) {
    return Words(kind, block, item, spec_.order_seed);
  });
}

void Plan::ReadSamples(absl::Span<const int64_t> rows, absl::Span<Sample> samples) const {
  RecentWords recent(spec_.order_seed);
  for (size_t i = 0; i < rows.size(); ++i) {
    samples[i] = Locate(rows[i], [&recent](WordsKind kind, int64_t block, int64_t item) {
      return recent.Get(kind, block, item);
    });
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
