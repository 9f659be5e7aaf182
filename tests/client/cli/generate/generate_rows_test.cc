#include "client/cli/generate/generate_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "core/base/files.h"
#include "tests/client/cli/generate/fake_row_source.h"
#include "tests/client/cli/generate/test_folder.h"
#include "tests/client/library/fake_table.h"

namespace tailcast::generate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kPeriod = 316;  // of the fake table's plan

class Phases final : public training::ProgressSink {
 public:
  void Begin(const std::string& what, const std::string&, int64_t done, int64_t total) override {
    begun_.push_back(absl::StrCat(what, " ", done, "/", total));
  }
  void Advance(int64_t, const std::vector<std::pair<std::string, double>>&) override {}
  void End() override {}
  bool stop_requested() const override { return false; }

  std::vector<std::string> begun_;
};

class GenerateRowsTest : public ::testing::Test {
 protected:
  FileJob Job(nlohmann::json request = {{"seed", 42}}) {
    return {.output = folder_.File("rows.safetensors"),
            .request = std::move(request),
            .range = {},
            .fresh = false,
            .stop_requested = [this] { return stopped_; }};
  }

  // Runs the job over `table`, which is gone from `fail_at_row` on.
  absl::StatusOr<FileResult> Run(const FileJob& job, const client::FakeTable& table,
                                 std::optional<int64_t> fail_at_row = {}) {
    return GenerateToFile(
        job,
        [&](const std::optional<v1::GenerateHeader>& pinned)
            -> absl::StatusOr<std::unique_ptr<RowSource>> {
          pinned_ = pinned;
          return std::make_unique<FakeRowSource>(table, fail_at_row);
        },
        progress_);
  }

  TestFolder folder_;
  client::FakeTable table_;
  Phases progress_;
  bool stopped_ = false;
  std::optional<v1::GenerateHeader> pinned_;
};

TEST_F(GenerateRowsTest, TheDefaultIsTheRestOfThePeriodThatHoldsTheStartRow) {
  const v1::GenerateHeader header = table_.Header();
  EXPECT_EQ(*ResolveRange(header, {})->row_count, kPeriod);
  EXPECT_EQ(*ResolveRange(header, {.start_row = 10})->row_count, kPeriod - 10);
  EXPECT_EQ(*ResolveRange(header, {.start_row = kPeriod - 1})->row_count, 1);
  EXPECT_EQ(*ResolveRange(header, {.start_row = kPeriod})->row_count, kPeriod);
}

TEST_F(GenerateRowsTest, RowsBeyondTheEndOfThePlanAreOutOfRange) {
  const v1::GenerateHeader header = table_.Header();
  const auto range = ResolveRange(header, {.start_row = INT64_MAX - 5, .row_count = 100});
  EXPECT_EQ(range.status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_FALSE(ResolveRange(header, {.start_row = INT64_MAX}).ok());
}

TEST_F(GenerateRowsTest, AnInterruptedRunGoesOnFromTheFirstMissingRow) {
  const auto failed = Run(Job(), table_, 70);
  EXPECT_EQ(failed.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(failed.status().message()),
              HasSubstr("gone; 70 of 316 rows are in '" + folder_.File("rows.safetensors") +
                        ".partial', the same command goes on from there"));
  EXPECT_FALSE(PathExists(folder_.File("rows.safetensors")));
  EXPECT_FALSE(pinned_.has_value());

  const auto done = Run(Job(), table_);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->resumed_rows, 70);
  EXPECT_THAT(progress_.begun_,
              ElementsAre("generate 0/316", "generate 70/316", "check the file 0/316"));
  ASSERT_TRUE(pinned_.has_value());
  EXPECT_EQ(pinned_->address(), table_.Header().address());
}

TEST_F(GenerateRowsTest, TheBytesAreThoseOfTheUnbrokenRun) {
  const auto whole = Run(Job(), table_);
  ASSERT_TRUE(whole.ok());
  const std::string bytes = *ReadFile(folder_.File("rows.safetensors"));
  for (int64_t row = 0; row < kPeriod; row += 60) EXPECT_FALSE(Run(Job(), table_, row).ok());
  const auto resumed = Run(Job(), table_);
  ASSERT_TRUE(resumed.ok());
  EXPECT_EQ(resumed->features_sha256, whole->features_sha256);
  EXPECT_EQ(resumed->row_checksum_sum, whole->row_checksum_sum);
  EXPECT_TRUE(*ReadFile(folder_.File("rows.safetensors")) == bytes);
}

TEST_F(GenerateRowsTest, AnotherRequestIsNotPinnedToTheOldStreamAndIsRefused) {
  EXPECT_FALSE(Run(Job(), table_, 70).ok());
  const client::FakeTable other(2);
  const auto refused = Run(Job({{"seed", 43}}), other);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(pinned_.has_value());
  FileJob fresh = Job({{"seed", 43}});
  fresh.fresh = true;
  const auto done = Run(fresh, other);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->resumed_rows, 0);
}

TEST_F(GenerateRowsTest, AStopKeepsWhatIsThere) {
  FileJob job = Job();
  int questions = 0;  // the first one is asked before the first row
  job.stop_requested = [&questions] { return ++questions > 1; };
  const auto stopped = Run(job, table_);
  EXPECT_EQ(stopped.status().code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(std::string(stopped.status().message()), HasSubstr("7 of 316 rows"));
  EXPECT_EQ(Run(Job(), table_)->resumed_rows, 7);
}

TEST_F(GenerateRowsTest, AStopBeforeTheFirstRowBeginsNoFile) {
  stopped_ = true;
  EXPECT_EQ(Run(Job(), table_).status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(folder_.Names(), std::vector<std::string>());
}

}  // namespace
}  // namespace tailcast::generate
