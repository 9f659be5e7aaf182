#ifndef TAILCAST_TESTS_CORE_IO_GZIP_BYTES_H_
#define TAILCAST_TESTS_CORE_IO_GZIP_BYTES_H_

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

namespace tailcast {

// The bytes as one gzip member.
inline std::string GzipBytes(std::string bytes) {
  constexpr int kGzipWindowBits = 15 + 16, kMemoryLevel = 8;
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindowBits, kMemoryLevel,
                         Z_DEFAULT_STRATEGY),
            Z_OK);
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace tailcast

#endif  // TAILCAST_TESTS_CORE_IO_GZIP_BYTES_H_
