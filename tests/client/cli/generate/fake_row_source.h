#ifndef TAILCAST_TESTS_CLIENT_CLI_GENERATE_FAKE_ROW_SOURCE_H_
#define TAILCAST_TESTS_CLIENT_CLI_GENERATE_FAKE_ROW_SOURCE_H_

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "client/cli/generate/row_source.h"
#include "tests/client/library/fake_table.h"

namespace tailcast::generate {

// The rows of a client::FakeTable in small blocks, until `fail_at_row`.
class FakeRowSource final : public RowSource {
 public:
  explicit FakeRowSource(const client::FakeTable& table, std::optional<int64_t> fail_at_row = {})
      : table_(table), header_(table.Header()), fail_at_row_(fail_at_row) {}

  const v1::GenerateHeader& header() const override { return header_; }
  absl::StatusOr<double> EstimateRowsPerSecond() override { return 1000.0; }

  absl::Status Read(int64_t begin, int64_t end, RowConsumer consume) override {
    constexpr int64_t kBlockRows = 7;
    reads_.emplace_back(begin, end);
    for (int64_t row = begin; row < end; row += kBlockRows) {
      if (fail_at_row_ && row >= *fail_at_row_) return absl::UnavailableError("gone");
      const auto rows =
          client::FakeTable::Rows(ShardRows({}, row), 0, std::min(kBlockRows, end - row));
      const std::string payload = table_.Payload(rows);
      std::vector<float> features(payload.size() / sizeof(float));
      std::memcpy(features.data(), payload.data(), payload.size());
      const std::vector<int32_t> classes = table_.Classes(rows);
      const absl::Status status =
          consume({.start_row = row, .class_indices = classes, .features = features});
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  const std::vector<std::pair<int64_t, int64_t>>& reads() const { return reads_; }

 private:
  const client::FakeTable& table_;
  const v1::GenerateHeader header_;
  const std::optional<int64_t> fail_at_row_;
  std::vector<std::pair<int64_t, int64_t>> reads_;
};

}  // namespace tailcast::generate

#endif  // TAILCAST_TESTS_CLIENT_CLI_GENERATE_FAKE_ROW_SOURCE_H_
