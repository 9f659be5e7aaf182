// What a cancelled stream still costs.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "server/engine/tile_scheduler.h"
#include "tests/server/engine/row_streams.h"

namespace tailcast::engine {
namespace {

constexpr int kWorkers = 2;
constexpr absl::Duration kLong = absl::Seconds(30);

// Streams of four chunks, stopped one after the other at random moments.
void ExpectCancelsStopTheWork(const TestProgram& program,
                              const std::function<int64_t()>& evaluations) {
  TileScheduler scheduler({.num_workers = kWorkers});
  std::mt19937 random(2);
  for (int i = 0; i < 100; ++i) {
    std::stop_source stop;
    const auto stream = MakeStream(program, {.stop = stop.get_token()});
    std::vector<std::shared_ptr<JobResult>> results;
    for (int chunk = 0; chunk < 4; ++chunk) {
      auto [job, result] = MakeJob(stream, 1000 * chunk, 1000);
      ASSERT_TRUE(scheduler.Submit(std::move(job)).ok());
      results.push_back(std::move(result));
    }
    absl::SleepFor(absl::Microseconds(random() % 4000));

    stop.request_stop();
    const int64_t before = evaluations();

    for (const auto& result : results) {
      ASSERT_TRUE(result->done.WaitForNotificationWithTimeout(kLong));
      EXPECT_TRUE(result->block.ok() || absl::IsCancelled(result->block.status()));
    }
    // A worker that looked just before the stop begins one more.
    EXPECT_LE(evaluations(), before + kWorkers);
  }
  EXPECT_GT(evaluations(), 0);
}

TEST(CancelTest, AHundredRandomCancelsCostAStepPerWorkerAtMost) {
  const TestProgram program = MakeProgram({.num_steps = 5, .step_time = absl::Microseconds(100)});
  ExpectCancelsStopTheWork(program, [&program] { return program.fake->steps(); });
}

TEST(CancelTest, AHundredRandomCancelsCostAnEvaluationPerWorkerAtMost) {
  const auto spec = stream::SmallSpec();
  const auto denoiser =
      std::make_shared<stream::CountingDenoiser>(stream::DrawDenoiser(spec.denoiser));
  const auto compiled = stream::SamplerProgram::Compile(
      stream::MakeGenerator(spec, denoiser), {.num_steps = 16, .guidance_weights = {1.0}});
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  const TestProgram program = {
      .fake = nullptr,
      .shared = std::make_shared<const SharedProgram>(
          *compiled, stream::NumericsOf(stream::Invariance::kRow, {64}), 1e-3)};
  ExpectCancelsStopTheWork(program, [&denoiser] { return denoiser->count.load(); });
}

}  // namespace
}  // namespace tailcast::engine
