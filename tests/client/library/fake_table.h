#ifndef TAILCAST_TESTS_CLIENT_LIBRARY_FAKE_TABLE_H_
#define TAILCAST_TESTS_CLIENT_LIBRARY_FAKE_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/contract/plan.h"
#include "core/contract/shard.h"
#include "proto/tailcast/v1/feature_service.pb.h"

namespace tailcast::client {

// A table of rows whose content is arithmetic instead of diffusion: what a right server would send,
// made without the code under test but for the contract's digests.
class FakeTable {
 public:
  static constexpr int kDimension = 8;
  static constexpr int kRowBytes = kDimension * 4;

  // `version` changes the bundle's digest and the bytes.
  explicit FakeTable(int version = 1);

  // The stream with every field resolved.
  const v1::StreamSpec& stream() const { return stream_; }
  v1::GenerateHeader Header() const;
  // Rows [0, count) of the shard, from `position` on.
  v1::GenerateResponse Chunk(const ShardRows& rows, int64_t position, int64_t count) const;
  v1::GenerateSummary Summary(const ShardRows& rows, int64_t position, int64_t count) const;
  // Bytes of rows in order, and their classes.
  std::string Payload(const std::vector<int64_t>& rows) const;
  std::vector<int32_t> Classes(const std::vector<int64_t>& rows) const;

  static std::vector<int64_t> Rows(const ShardRows& rows, int64_t position, int64_t count);

 private:
  int version_;
  Plan plan_;
  v1::StreamSpec stream_;
};

}  // namespace tailcast::client

#endif  // TAILCAST_TESTS_CLIENT_LIBRARY_FAKE_TABLE_H_
