#ifndef TAILCAST_CORE_TRAINING_KEYED_RNG_H_
#define TAILCAST_CORE_TRAINING_KEYED_RNG_H_

#include <ATen/core/Generator.h>

#include <cstdint>

namespace tailcast::training {

// What random numbers are for, so that no two uses under one seed share them.
enum class RngPurpose : uint32_t {
  kWeights = 1,
  kOrder = 2,
  kAugmentation = 3,
  kRefitOrder = 4,
  kClassGaussians = 5,
  kMixup = 6,
  kGenerator = 7,
  kValidation = 8,
};

// A generator of its own for (seed, purpose, index), an epoch or a step, say: training that goes on
// from any step draws what the unbroken run draws, without saving a state. LibTorch's engine keeps
// 32 bits of a seed, so all of (seed, purpose, index) is hashed down to that many: every bit
// matters, but two of 2^32 uses may share their numbers. seed: [0, 2^63)
at::Generator KeyedRng(int64_t seed, RngPurpose purpose, int64_t index);

}  // namespace tailcast::training

#endif  // TAILCAST_CORE_TRAINING_KEYED_RNG_H_
