#ifndef TAILCAST_CORE_RANDOM_PHILOX_H_
#define TAILCAST_CORE_RANDOM_PHILOX_H_

#include <array>
#include <cstdint>

namespace tailcast {

using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

// Low and high word of a seed in [0, 2^63).
constexpr PhiloxKey PhiloxKeyOf(int64_t seed) {
  return {static_cast<uint32_t>(seed), static_cast<uint32_t>(static_cast<uint64_t>(seed) >> 32)};
}

// Philox4x32-10, Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3": four random
// words as a pure function of counter and key.
constexpr std::array<uint32_t, 4> Philox(PhiloxCounter counter, PhiloxKey key) {
  constexpr uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t product0 = uint64_t{kMultiplier0} * counter[0];
    const uint64_t product1 = uint64_t{kMultiplier1} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(product0)};
    key = {key[0] + kWeyl0, key[1] + kWeyl1};
  }
  return counter;
}

}  // namespace tailcast

#endif  // TAILCAST_CORE_RANDOM_PHILOX_H_
