#ifndef TAILCAST_CORE_DATA_KEYED_ORDER_H_
#define TAILCAST_CORE_DATA_KEYED_ORDER_H_

#include <cstdint>
#include <vector>

namespace tailcast::data {

// Puts `members` into an order that depends on (seed, stream) alone: Fisher-Yates with words of
// Philox, so that it is the same on every machine and with every library (std::shuffle is not).
// seed: [0, 2^63); stream tells orders under one seed apart, a class index, say.
void OrderByKey(int64_t seed, uint32_t stream, std::vector<int64_t>& members);

}  // namespace tailcast::data

#endif  // TAILCAST_CORE_DATA_KEYED_ORDER_H_
