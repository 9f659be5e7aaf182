#include "core/io/idx.h"

// zlib then takes input as const.
#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"

namespace tailcast {
namespace {

constexpr size_t kMagicBytes = 4;
constexpr size_t kSizeBytes = 4;
constexpr uint8_t kUnsignedByteType = 0x08;
constexpr absl::string_view kGzipMagic("\x1f\x8b", 2);
constexpr int kGzipWindowBits = 15 + 16;  // largest window; gzip, not zlib, wrapping
constexpr size_t kUnpackPieceBytes = size_t{1} << 20;

uint8_t ByteAt(absl::string_view bytes, size_t i) { return static_cast<uint8_t>(bytes[i]); }

absl::Status Fault(absl::string_view what, absl::string_view fault) {
  return absl::InvalidArgumentError(absl::StrCat("'", what, "' is no valid IDX file: ", fault));
}

// Unpacks gzip members one after the other.
class Inflater {
 public:
  Inflater(absl::string_view packed, absl::string_view what, int64_t max_bytes)
      : what_(what), max_bytes_(max_bytes) {
    stream_.next_in = reinterpret_cast<const Bytef*>(packed.data());
    left_ = packed.size();
    started_ = inflateInit2(&stream_, kGzipWindowBits) == Z_OK;
  }
  ~Inflater() {
    if (started_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  absl::StatusOr<std::string> Run() {
    if (!started_) return absl::ResourceExhaustedError("no memory to unpack gzip");
    while (true) {
      const int result = Step();
      if (static_cast<int64_t>(unpacked_.size()) > max_bytes_) {
        return Fault(what_, absl::StrCat("unpacked it has more than ", max_bytes_, " bytes"));
      }
      if (result == Z_STREAM_END) {
        if (left_ + stream_.avail_in == 0) return std::move(unpacked_);
        inflateReset(&stream_);
      } else if (result == Z_BUF_ERROR) {
        return Fault(what_, "its gzip stream is truncated");
      } else if (result != Z_OK) {
        return Fault(what_,
                     absl::StrCat("its gzip stream is damaged", stream_.msg == nullptr ? "" : ": ",
                                  stream_.msg == nullptr ? "" : stream_.msg));
      }
    }
  }

 private:
  int Step() {
    if (stream_.avail_in == 0) {
      stream_.avail_in = static_cast<uInt>(std::min(left_, kUnpackPieceBytes));
      left_ -= stream_.avail_in;
    }
    const size_t old_size = unpacked_.size();
    const auto room = static_cast<size_t>(max_bytes_) - old_size + 1;
    unpacked_.resize(old_size + std::min(room, kUnpackPieceBytes));
    stream_.next_out = reinterpret_cast<Bytef*>(unpacked_.data() + old_size);
    stream_.avail_out = static_cast<uInt>(unpacked_.size() - old_size);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    unpacked_.resize(unpacked_.size() - stream_.avail_out);
    return result;
  }

  const absl::string_view what_;
  const int64_t max_bytes_;
  z_stream stream_ = {};
  size_t left_ = 0;  // packed bytes that zlib has not seen
  bool started_ = false;
  std::string unpacked_;
};

}  // namespace

absl::StatusOr<ByteArray> ParseIdx(absl::string_view bytes, absl::string_view what) {
  if (bytes.size() < kMagicBytes || ByteAt(bytes, 0) != 0 || ByteAt(bytes, 1) != 0 ||
      ByteAt(bytes, 2) != kUnsignedByteType || ByteAt(bytes, 3) == 0) {
    return Fault(what, "wrong magic number; expected 00 00 08 and the number of dimensions");
  }
  const size_t rank = ByteAt(bytes, 3), header_bytes = kMagicBytes + rank * kSizeBytes;
  if (bytes.size() < header_bytes) {
    return Fault(what, absl::StrCat("truncated in its header: it has ", bytes.size(),
                                    " bytes; expected at least ", header_bytes));
  }
  ByteArray array;
  int64_t expected = 1;
  bool too_large = false;
  for (size_t d = 0; d < rank; ++d) {
    int64_t size = 0;
    for (size_t i = 0; i < kSizeBytes; ++i) {
      size = size << 8 | ByteAt(bytes, kMagicBytes + d * kSizeBytes + i);
    }
    too_large |= __builtin_mul_overflow(expected, size, &expected);
    array.shape.push_back(size);
  }
  const auto actual = static_cast<int64_t>(bytes.size() - header_bytes);
  if (too_large || actual != expected) {
    return Fault(what, absl::StrCat("it has ", actual, " bytes of data; its header says ",
                                    absl::StrJoin(array.shape, " x ")));
  }
  array.data = std::string(bytes.substr(header_bytes));
  return array;
}

absl::StatusOr<std::string> Gunzip(absl::string_view packed, absl::string_view what,
                                   int64_t max_bytes) {
  return Inflater(packed, what, max_bytes).Run();
}

absl::StatusOr<ByteArray> ReadIdx(const std::string& path, int64_t max_bytes) {
  ASSIGN_OR_RETURN(std::string bytes, ReadFile(path, max_bytes));
  if (absl::string_view(bytes).substr(0, kGzipMagic.size()) == kGzipMagic) {
    ASSIGN_OR_RETURN(bytes, Gunzip(bytes, path, max_bytes));
  }
  return ParseIdx(bytes, path);
}

}  // namespace tailcast
