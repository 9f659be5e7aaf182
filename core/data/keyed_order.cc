#include "core/data/keyed_order.h"

#include <utility>

#include "core/random/philox.h"

namespace tailcast::data {
namespace {

// Word 3 of a counter whose step the stream contract reserves (section 8), so that no order shares
// its words with the noise of a stream of the same seed.
constexpr uint32_t kOrderDomain = 0xFFE00000;

}  // namespace

void OrderByKey(int64_t seed, uint32_t stream, std::vector<int64_t>& members) {
  const PhiloxKey key = PhiloxKeyOf(seed);
  for (uint64_t last = members.size(); last > 1; --last) {
    const auto words = Philox(
        {static_cast<uint32_t>(last), static_cast<uint32_t>(last >> 32), stream, kOrderDomain},
        key);
    // 64 bits: the remainder's bias is below last / 2^64.
    const uint64_t chosen = (uint64_t{words[1]} << 32 | words[0]) % last;
    std::swap(members[last - 1], members[chosen]);
  }
}

}  // namespace tailcast::data
