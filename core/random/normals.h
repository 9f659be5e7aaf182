#ifndef TAILCAST_CORE_RANDOM_NORMALS_H_
#define TAILCAST_CORE_RANDOM_NORMALS_H_

#include <array>
#include <cstdint>

#include "absl/types/span.h"

namespace tailcast {

// Standard normals of the stream contract, section 8: binary64 with + - * / sqrt only, never fused,
// rounded once to binary32, so that every machine makes the same bits. No libm.

// sqrt(-2 ln u) with u = (2 word + 1) 2^-33: finite for every word, at most 6.7637.
double NormalRadius(uint32_t word);

struct CosSin {
  double cos, sin;
};
// Of the angle 2 pi word / 2^32.
CosSin NormalAngle(uint32_t word);

// Box-Muller: (w0 radius, w1 angle) -> cosine and sine part, likewise (w2, w3).
std::array<float, 4> NormalsFromWords(const std::array<uint32_t, 4>& words);

// Which normals: those that sampler step `step` adds to one sample; step 0 is the initial noise.
struct NoiseAddress {
  int64_t seed = 0;         // [0, 2^63)
  int32_t class_index = 0;  // [0, 2^24)
  int64_t ordinal = 0;      // [0, 2^63)
  uint32_t attempt = 0;     // [0, 2^8)
  uint32_t step = 0;        // [0, 0xFF0)
};

// Fills `out` with the noise of one sample: element k is normal k % 4 of lane k / 4.
// REQUIRES: the ranges above, out.size() <= 2^22.
void FillNoise(const NoiseAddress& address, absl::Span<float> out);

}  // namespace tailcast

#endif  // TAILCAST_CORE_RANDOM_NORMALS_H_
