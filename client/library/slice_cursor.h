#ifndef TAILCAST_CLIENT_LIBRARY_SLICE_CURSOR_H_
#define TAILCAST_CLIENT_LIBRARY_SLICE_CURSOR_H_

#include <grpcpp/support/slice.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace tailcast::client {

// Reads the primitive values of the protobuf wire format from bytes that lie in several pieces.
// Every function returns false, and leaves the cursor anywhere, where the bytes end early.
class SliceCursor {
 public:
  // The slices must outlive the cursor and the views that it gives.
  explicit SliceCursor(const std::vector<grpc::Slice>& slices) : slices_(slices) {
    for (const grpc::Slice& slice : slices_) remaining_ += slice.size();
    SkipEmptySlices();
  }

  size_t remaining() const { return remaining_; }

  bool ReadByte(uint8_t& value) {
    if (remaining_ == 0) return false;
    value = slices_[index_].begin()[offset_];
    Advance(1);
    return true;
  }

  // At most ten bytes, as protobuf; bits above 64 are dropped.
  bool ReadVarint(uint64_t& value) {
    constexpr int kMaxBytes = 10, kBitsPerByte = 7;
    constexpr uint8_t kMore = 0x80;
    value = 0;
    for (int i = 0; i < kMaxBytes; ++i) {
      uint8_t byte = 0;
      if (!ReadByte(byte)) return false;
      value |= static_cast<uint64_t>(byte & ~kMore) << (i * kBitsPerByte);
      if ((byte & kMore) == 0) return true;
    }
    return false;
  }

  bool ReadFixed64(uint64_t& value) {
    value = 0;
    for (size_t i = 0; i < sizeof(value); ++i) {
      uint8_t byte = 0;
      if (!ReadByte(byte)) return false;
      value |= static_cast<uint64_t>(byte) << (i * 8);
    }
    return true;
  }

  // The next `size` bytes: in place if they lie in one piece, else joined in `storage`.
  bool ReadBytes(size_t size, std::string& storage, absl::string_view& bytes) {
    if (size > remaining_) return false;
    if (size == 0) {
      bytes = absl::string_view();
      return true;
    }
    const grpc::Slice& slice = slices_[index_];
    if (slice.size() - offset_ >= size) {
      bytes = absl::string_view(reinterpret_cast<const char*>(slice.begin()) + offset_, size);
      Advance(size);
      return true;
    }
    storage.resize(size);
    for (size_t done = 0; done < size;) {
      const grpc::Slice& piece = slices_[index_];
      const size_t count = std::min(size - done, piece.size() - offset_);
      std::copy_n(reinterpret_cast<const char*>(piece.begin()) + offset_, count,
                  storage.data() + done);
      Advance(count);
      done += count;
    }
    bytes = storage;
    return true;
  }

 private:
  // REQUIRES: the current slice has so many bytes left.
  void Advance(size_t count) {
    remaining_ -= count;
    offset_ += count;
    if (offset_ < slices_[index_].size()) return;
    offset_ = 0;
    ++index_;
    SkipEmptySlices();
  }

  void SkipEmptySlices() {
    while (index_ < slices_.size() && slices_[index_].size() == 0) ++index_;
  }

  const std::vector<grpc::Slice>& slices_;
  size_t index_ = 0, offset_ = 0;
  size_t remaining_ = 0;
};

}  // namespace tailcast::client

#endif  // TAILCAST_CLIENT_LIBRARY_SLICE_CURSOR_H_
