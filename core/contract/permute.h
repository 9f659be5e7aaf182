#ifndef TAILCAST_CORE_CONTRACT_PERMUTE_H_
#define TAILCAST_CORE_CONTRACT_PERMUTE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"

namespace tailcast {

using PermuteKeys = std::array<uint32_t, 4>;

// Keyed bijection of [0, n), stream contract section 7: a Feistel network over the next square of
// a power of two, walked until it is back in range. REQUIRES: 1 <= n <= 2^31, x < n.
uint32_t Permute(uint32_t n, const PermuteKeys& keys, uint32_t x);

// Several times as fast as Permute() for many values, each with an n and keys of its own: the
// rounds of all run side by side. Not thread-safe.
class PermuteLanes {
 public:
  static constexpr size_t kMaxLanes = 256;

  size_t size() const { return size_; }
  // REQUIRES: as Permute(); size() < kMaxLanes.
  void Add(uint32_t n, const PermuteKeys& keys, uint32_t x);
  // results[i] = Permute() of what was added i-th; nothing is left. REQUIRES: size() results.
  void Run(absl::Span<uint32_t> results);

 private:
  template <typename Value>
  using Lane = std::array<Value, kMaxLanes>;

  void Split(size_t lane, uint32_t x);
  void RunRounds();
  // Keeps the lanes that must walk on, writes the others' results.
  void Collect(absl::Span<uint32_t> results);

  size_t size_ = 0;
  Lane<uint32_t> n_, half_, mask_, left_, right_;
  std::array<Lane<uint32_t>, 4> keys_;
  Lane<uint32_t> place_;  // in the results
};

}  // namespace tailcast

#endif  // TAILCAST_CORE_CONTRACT_PERMUTE_H_
