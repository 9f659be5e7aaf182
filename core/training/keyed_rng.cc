#include "core/training/keyed_rng.h"

#include <ATen/CPUGeneratorImpl.h>

#include "core/random/philox.h"

namespace tailcast::training {

at::Generator KeyedRng(int64_t seed, RngPurpose purpose, int64_t index) {
  const auto words = Philox(
      {static_cast<uint32_t>(index), static_cast<uint32_t>(static_cast<uint64_t>(index) >> 32),
       static_cast<uint32_t>(purpose), /*unused=*/0},
      PhiloxKeyOf(seed));
  return at::detail::createCPUGenerator(uint64_t{words[1]} << 32 | words[0]);
}

}  // namespace tailcast::training
