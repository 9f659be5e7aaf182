#include "core/contract/permute.h"

#include <bit>
#include <utility>

namespace tailcast {
namespace {

constexpr uint32_t kRounds = 8, kRoundStep = 0x9E3779B9;

uint32_t Mix32(uint32_t x) {  // MurmurHash3's finaliser
  x ^= x >> 16;
  x *= 0x85EBCA6B;
  x ^= x >> 13;
  x *= 0xC2B2AE35;
  return x ^ x >> 16;
}

// Bits of each half of the network.
uint32_t HalfBits(uint32_t n) { return (static_cast<uint32_t>(std::bit_width(n - 1)) + 1) / 2; }

uint32_t MaskOf(uint32_t half) { return (uint32_t{1} << half) - 1; }

}  // namespace

uint32_t Permute(uint32_t n, const PermuteKeys& keys, uint32_t x) {
  if (n == 1) return 0;
  const uint32_t half = HalfBits(n), mask = MaskOf(half);
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

void PermuteLanes::Add(uint32_t n, const PermuteKeys& keys, uint32_t x) {
  const size_t lane = size_++;
  n_[lane] = n;
  half_[lane] = HalfBits(n);
  mask_[lane] = MaskOf(half_[lane]);
  for (size_t i = 0; i < keys.size(); ++i) keys_[i][lane] = keys[i];
  place_[lane] = static_cast<uint32_t>(lane);
  Split(lane, x);
}

void PermuteLanes::Run(absl::Span<uint32_t> results) {
  while (size_ > 0) {
    RunRounds();
    Collect(results);
  }
}

void PermuteLanes::Split(size_t lane, uint32_t x) {
  left_[lane] = x >> half_[lane];
  right_[lane] = x & mask_[lane];
}

// Branch-free over the lanes, for the vectoriser. The halves change places in each round: even
// rounds write what is the left one, odd rounds the right one.
void PermuteLanes::RunRounds() {
  for (uint32_t round = 0; round < kRounds; ++round) {
    Lane<uint32_t>& target = round % 2 == 0 ? left_ : right_;
    const Lane<uint32_t>& source = round % 2 == 0 ? right_ : left_;
    const Lane<uint32_t>& keys = keys_[round & 3];
    for (size_t i = 0; i < size_; ++i) {
      target[i] ^= Mix32(source[i] + keys[i] + round * kRoundStep) & mask_[i];
    }
  }
}

void PermuteLanes::Collect(absl::Span<uint32_t> results) {
  size_t walking = 0;
  for (size_t i = 0; i < size_; ++i) {
    const uint32_t x = left_[i] << half_[i] | right_[i];
    if (x < n_[i]) {
      results[place_[i]] = x;
      continue;
    }
    n_[walking] = n_[i];
    half_[walking] = half_[i];
    mask_[walking] = mask_[i];
    for (Lane<uint32_t>& keys : keys_) keys[walking] = keys[i];
    place_[walking] = place_[i];
    Split(walking++, x);
  }
  size_ = walking;
}

}  // namespace tailcast
