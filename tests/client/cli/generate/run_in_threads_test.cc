#include "client/cli/generate/run_in_threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <new>

namespace tailcast::generate {
namespace {

TEST(RunInThreadsTest, RunsEachNumberOnce) {
  std::atomic<int> sum = 0;
  const absl::Status status = RunInThreads(10, [&sum](size_t i) {
    sum += 1 << i;
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(sum, (1 << 10) - 1);
  EXPECT_TRUE(RunInThreads(0, [](size_t) { return absl::InternalError("run"); }).ok());
}

TEST(RunInThreadsTest, AnExceptionInAThreadIsAnError) {
  std::atomic<int> ended = 0;
  const absl::Status status = RunInThreads(4, [&ended](size_t i) -> absl::Status {
    if (i == 2) throw std::bad_alloc();
    ++ended;
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ended, 3);
}

TEST(RunInThreadsTest, ReturnsTheFirstErrorByNumber) {
  const absl::Status status = RunInThreads(4, [](size_t i) {
    return i == 0 ? absl::OkStatus() : absl::OutOfRangeError(std::to_string(i));
  });
  EXPECT_EQ(status, absl::OutOfRangeError("1"));
}

}  // namespace
}  // namespace tailcast::generate
