#include "core/contract/checksum.h"

#include <xxhash.h>

#include <cstring>
#include <memory>
#include <new>
#include <string>

#if defined(__x86_64__)
#include <xxh_x86dispatch.h>  // XXH3 with the widest vectors that the processor has
#endif

namespace tailcast {
namespace {

// Hashes bytes that lie in two places; keeps its memory from one call to the next.
class SplitHasher {
 public:
  SplitHasher() : state_(XXH3_createState(), XXH3_freeState) {
    if (state_ == nullptr) throw std::bad_alloc();  // as new would
  }

  uint64_t Hash(int64_t seed, absl::string_view head, absl::string_view tail) {
    XXH3_64bits_reset_withSeed(state_.get(), static_cast<uint64_t>(seed));
    XXH3_64bits_update(state_.get(), head.data(), head.size());
    XXH3_64bits_update(state_.get(), tail.data(), tail.size());
    return XXH3_64bits_digest(state_.get());
  }

  // The same. Below 2 KiB it costs less to copy the parts together (measured).
  uint64_t HashRow(int64_t seed, absl::string_view head, absl::string_view tail) {
    constexpr size_t kMaxCopiedBytes = 2048;
    if (tail.size() > kMaxCopiedBytes) return Hash(seed, head, tail);
    joined_.resize(head.size() + tail.size());
    std::memcpy(joined_.data(), head.data(), head.size());
    std::memcpy(joined_.data() + head.size(), tail.data(), tail.size());
    return XXH3_64bits_withSeed(joined_.data(), joined_.size(), static_cast<uint64_t>(seed));
  }

 private:
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state_;
  std::string joined_;
};

// Little endian, as this machine: see wire_type.cc.
absl::string_view BytesOf(const int32_t& class_index) {
  return {reinterpret_cast<const char*>(&class_index), sizeof(class_index)};
}

}  // namespace

uint64_t ChunkChecksum(int64_t first_row, absl::string_view class_indices,
                       absl::string_view payload) {
  return SplitHasher().Hash(first_row, class_indices, payload);
}

uint64_t RowChecksum(int64_t row, int32_t class_index, absl::string_view row_bytes) {
  return SplitHasher().HashRow(row, BytesOf(class_index), row_bytes);
}

uint64_t RowChecksumSum(absl::Span<const int64_t> rows, absl::Span<const int32_t> class_indices,
                        absl::string_view payload) {
  if (rows.empty()) return 0;
  const size_t row_bytes = payload.size() / rows.size();
  SplitHasher hasher;
  uint64_t sum = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    sum += hasher.HashRow(rows[i], BytesOf(class_indices[i]),
                          payload.substr(i * row_bytes, row_bytes));
  }
  return sum;
}

}  // namespace tailcast
