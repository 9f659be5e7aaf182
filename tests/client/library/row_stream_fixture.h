#ifndef TAILCAST_TESTS_CLIENT_LIBRARY_ROW_STREAM_FIXTURE_H_
#define TAILCAST_TESTS_CLIENT_LIBRARY_ROW_STREAM_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "client/library/row_stream.h"
#include "tests/client/library/fake_clock.h"
#include "tests/client/library/fake_server.h"
#include "tests/client/library/fake_table.h"

namespace tailcast::client {

// Everything that a stream gave.
struct Received {
  absl::Status status;
  std::vector<int64_t> rows;
  std::vector<int32_t> classes;
  std::string payload;
};

inline Received ReadAll(RowStream& stream) {
  Received received;
  while (true) {
    const auto chunk = stream.Next();
    received.status = chunk.status();
    if (!chunk.ok() || !*chunk) return received;
    const RowChunk& rows = **chunk;
    received.rows.insert(received.rows.end(), rows.rows.begin(), rows.rows.end());
    received.classes.insert(received.classes.end(), rows.class_indices.begin(),
                            rows.class_indices.end());
    received.payload.append(rows.payload.data(), rows.payload.size());
  }
}

inline v1::GenerateRequest Request(const FakeTable& table, int64_t start_row, int64_t row_count) {
  v1::GenerateRequest request;
  *request.mutable_stream() = table.stream();
  request.mutable_stream()->clear_numerics_id();
  request.mutable_rows()->set_start_row(start_row);
  request.mutable_rows()->set_row_count(row_count);
  return request;
}

class RowStreamTest : public ::testing::Test {
 protected:
  RowStreamOptions Options(const std::vector<std::string>& servers, int64_t start_row,
                           int64_t row_count) {
    RowStreamOptions options;
    options.failover.servers = servers;
    options.failover.retry.retry_for = absl::Seconds(20);
    options.failover.clock = &clock_;
    options.request = Request(table_, start_row, row_count);
    options.idle_timeout = absl::Seconds(20);
    return options;
  }

  // Rows [start_row, start_row + row_count) of the table, once each.
  void ExpectRows(const Received& received, int64_t start_row, int64_t row_count) {
    EXPECT_TRUE(received.status.ok()) << received.status;
    const auto rows = FakeTable::Rows(ShardRows({}, start_row), 0, row_count);
    EXPECT_EQ(received.rows, rows);
    EXPECT_EQ(received.classes, table_.Classes(rows));
    EXPECT_TRUE(received.payload == table_.Payload(rows)) << "features differ";
  }

  // Status of reading 300 rows from a server with this script, or of opening the stream.
  absl::Status StatusOf(FakeScript script) {
    FakeServer server(std::move(script));
    auto stream = RowStream::Open(Options({server.address()}, 0, 300));
    return stream.ok() ? ReadAll(**stream).status : stream.status();
  }

  FakeTable table_;
  FakeClock clock_;
};

}  // namespace tailcast::client

#endif  // TAILCAST_TESTS_CLIENT_LIBRARY_ROW_STREAM_FIXTURE_H_
