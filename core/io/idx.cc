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
constexpr size_t kMaxHeaderBytes = kMagicBytes + 255 * kSizeBytes;

uint8_t ByteAt(absl::string_view bytes, size_t i) { return static_cast<uint8_t>(bytes[i]); }

absl::Status Fault(absl::string_view what, absl::string_view fault) {
  return absl::InvalidArgumentError(absl::StrCat("'", what, "' is no valid IDX file: ", fault));
}

// Unpacks gzip members one after the other, up to `max_bytes` bytes of them.
class Inflater {
 public:
  Inflater(absl::string_view packed, absl::string_view what, size_t max_bytes)
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
      if (unpacked_.size() == max_bytes_) return std::move(unpacked_);
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
    unpacked_.resize(std::min(max_bytes_, old_size + kUnpackPieceBytes));
    stream_.next_out = reinterpret_cast<Bytef*>(unpacked_.data() + old_size);
    stream_.avail_out = static_cast<uInt>(unpacked_.size() - old_size);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    unpacked_.resize(unpacked_.size() - stream_.avail_out);
    return result;
  }

  const absl::string_view what_;
  const size_t max_bytes_;
  z_stream stream_ = {};
  size_t left_ = 0;  // packed bytes that zlib has not seen
  bool started_ = false;
  std::string unpacked_;
};

struct Header {
  std::vector<int64_t> shape;
  int64_t header_bytes = 0;
  int64_t data_bytes = 1;
};

// bytes: the beginning of a file, or all of it.
absl::StatusOr<Header> ParseHeader(absl::string_view bytes, absl::string_view what) {
  if (bytes.size() < kMagicBytes || ByteAt(bytes, 0) != 0 || ByteAt(bytes, 1) != 0 ||
      ByteAt(bytes, 2) != kUnsignedByteType || ByteAt(bytes, 3) == 0) {
    return Fault(what, "wrong magic number; expected 00 00 08 and the number of dimensions");
  }
  const size_t rank = ByteAt(bytes, 3), header_bytes = kMagicBytes + rank * kSizeBytes;
  if (bytes.size() < header_bytes) {
    return Fault(what, absl::StrCat("truncated in its header: it has ", bytes.size(),
                                    " bytes; expected at least ", header_bytes));
  }
  Header header;
  header.header_bytes = static_cast<int64_t>(header_bytes);
  bool too_large = false;
  for (size_t d = 0; d < rank; ++d) {
    int64_t size = 0;
    for (size_t i = 0; i < kSizeBytes; ++i) {
      size = size << 8 | ByteAt(bytes, kMagicBytes + d * kSizeBytes + i);
    }
    too_large |= __builtin_mul_overflow(header.data_bytes, size, &header.data_bytes);
    header.shape.push_back(size);
  }
  if (!too_large) return header;
  return Fault(what, absl::StrCat("its header says ", absl::StrJoin(header.shape, " x "),
                                  "; expected fewer than 2^63 bytes"));
}

// An IDX file out of its gzip wrapping; unpacks no more than its header announces.
absl::StatusOr<std::string> UnpackIdx(absl::string_view packed, absl::string_view what,
                                      int64_t max_bytes) {
  ASSIGN_OR_RETURN(const std::string start, Inflater(packed, what, kMaxHeaderBytes).Run());
  ASSIGN_OR_RETURN(const Header header, ParseHeader(start, what));
  if (header.data_bytes > max_bytes - header.header_bytes) {
    return Fault(what, absl::StrCat("its header says ", absl::StrJoin(header.shape, " x "),
                                    ", which is more than ", max_bytes, " bytes"));
  }
  return Gunzip(packed, what, header.header_bytes + header.data_bytes);
}

}  // namespace

absl::StatusOr<ByteArray> ParseIdx(std::string bytes, absl::string_view what) {
  ASSIGN_OR_RETURN(Header header, ParseHeader(bytes, what));
  const int64_t actual = static_cast<int64_t>(bytes.size()) - header.header_bytes;
  if (actual != header.data_bytes) {
    return Fault(what, absl::StrCat("it has ", actual, " bytes of data; its header says ",
                                    absl::StrJoin(header.shape, " x ")));
  }
  bytes.erase(0, static_cast<size_t>(header.header_bytes));
  return ByteArray{.shape = std::move(header.shape), .data = std::move(bytes)};
}

absl::StatusOr<std::string> Gunzip(absl::string_view packed, absl::string_view what,
                                   int64_t max_bytes) {
  // One byte more tells a stream of the size from a larger one.
  const size_t most = static_cast<size_t>(max_bytes) + 1;
  ASSIGN_OR_RETURN(std::string unpacked, Inflater(packed, what, most).Run());
  if (unpacked.size() < most) return unpacked;
  return Fault(what, absl::StrCat("unpacked it has more than ", max_bytes, " bytes"));
}

absl::StatusOr<ByteArray> ReadIdx(const std::string& path, int64_t max_bytes) {
  ASSIGN_OR_RETURN(std::string bytes, ReadFile(path, max_bytes));
  if (absl::string_view(bytes).substr(0, kGzipMagic.size()) == kGzipMagic) {
    ASSIGN_OR_RETURN(bytes, UnpackIdx(bytes, path, max_bytes));
  }
  return ParseIdx(std::move(bytes), path);
}

}  // namespace tailcast
