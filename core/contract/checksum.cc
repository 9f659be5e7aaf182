#include "core/contract/checksum.h"

#include <xxhash.h>

#include <cstring>
#include <memory>
#include <string>

namespace tailcast {
namespace {

// Class and bytes side by side in `scratch`: below 2 KiB a row, streaming them to XXH3 one after
// the other takes up to twice as long as the copy (measured).
uint64_t ChecksumOfRow(int64_t row, int32_t class_index, absl::string_view bytes,
                       std::string& scratch) {
  scratch.resize(sizeof(class_index) + bytes.size());
  std::memcpy(scratch.data(), &class_index,
              sizeof(class_index));  // little endian: see wire_type.cc
  std::memcpy(scratch.data() + sizeof(class_index), bytes.data(), bytes.size());
  return XXH3_64bits_withSeed(scratch.data(), scratch.size(), static_cast<uint64_t>(row));
}

}  // namespace

uint64_t ChunkChecksum(int64_t first_row, absl::string_view class_indices,
                       absl::string_view payload) {
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(),
                                                                              XXH3_freeState);
  XXH3_64bits_reset_withSeed(state.get(), static_cast<uint64_t>(first_row));
  XXH3_64bits_update(state.get(), class_indices.data(), class_indices.size());
  XXH3_64bits_update(state.get(), payload.data(), payload.size());
  return XXH3_64bits_digest(state.get());
}

uint64_t RowChecksum(int64_t row, int32_t class_index, absl::string_view row_bytes) {
  std::string scratch;
  return ChecksumOfRow(row, class_index, row_bytes, scratch);
}

uint64_t RowChecksumSum(absl::Span<const int64_t> rows, absl::Span<const int32_t> class_indices,
                        absl::string_view payload) {
  if (rows.empty()) return 0;
  const size_t row_bytes = payload.size() / rows.size();
  std::string scratch;
  uint64_t sum = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    sum +=
        ChecksumOfRow(rows[i], class_indices[i], payload.substr(i * row_bytes, row_bytes), scratch);
  }
  return sum;
}

}  // namespace tailcast
