#include "core/training/keyed_rng.h"

#include <ATen/CPUGeneratorImpl.h>

#include "core/random/philox.h"

namespace tailcast::training {
namespace {

// Word 3 of a counter whose step the stream contract reserves (section 8), so that training shares
// no words with the noise of a stream of the same seed.
constexpr uint32_t kTrainingDomain = 0xFFD00000;

}  // namespace

at::Generator KeyedRng(int64_t seed, RngPurpose purpose, int64_t index) {
  const auto words = Philox(
      {static_cast<uint32_t>(index), static_cast<uint32_t>(static_cast<uint64_t>(index) >> 32),
       static_cast<uint32_t>(purpose), kTrainingDomain},
      PhiloxKeyOf(seed));
  return at::detail::createCPUGenerator(words[0]);
}

}  // namespace tailcast::training
