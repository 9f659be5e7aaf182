#ifndef TAILCAST_TESTS_SERVER_ENGINE_ROW_STREAMS_H_
#define TAILCAST_TESTS_SERVER_ENGINE_ROW_STREAMS_H_

#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "core/stream/tile_planner.h"
#include "server/engine/work.h"
#include "tests/core/stream/streams.h"
#include "tests/fakes/fake_program.h"

namespace tailcast::engine {

// A fake program and the arithmetic that the engine shall believe in.
struct TestProgram {
  std::shared_ptr<const FakeProgram> fake;
  std::shared_ptr<const SharedProgram> shared;
};

inline TestProgram MakeProgram(
    const FakeProgram::Options& options = {},
    stream::Numerics numerics = stream::NumericsOf(stream::Invariance::kRow, {4, 16, 64})) {
  auto fake = std::make_shared<const FakeProgram>(options);
  auto shared =
      std::make_shared<const SharedProgram>(fake, std::move(numerics), /*seconds_per_row=*/1e-3);
  return {.fake = std::move(fake), .shared = std::move(shared)};
}

struct StreamOptions {
  std::string caller = "someone";
  int64_t seed = 42;
  int64_t start_row = 0;
  Shard shard = {};
  std::stop_token stop = {};
  absl::Time deadline = absl::InfiniteFuture();
};

inline std::shared_ptr<const RowStream> MakeStream(const TestProgram& program,
                                                   const StreamOptions& options = {}) {
  stream::ResolvedStream stream = stream::StreamOf({}, program.shared->numerics());
  stream.seed = options.seed;
  return std::make_shared<const RowStream>(RowStream{
      .context = {.caller = options.caller, .stop = options.stop, .deadline = options.deadline},
      .program = program.shared,
      .stream = std::move(stream),
      .rows = ShardRows(options.shard, options.start_row)});
}

// What became of a job.
struct JobResult {
  absl::Notification done;
  absl::StatusOr<RowBlock> block = absl::UnknownError("not done");
};

inline std::pair<std::shared_ptr<RowJob>, std::shared_ptr<JobResult>> MakeJob(
    std::shared_ptr<const RowStream> stream, int64_t first_position, int64_t row_count) {
  auto result = std::make_shared<JobResult>();
  auto job = std::make_shared<RowJob>(std::move(stream), first_position, row_count,
                                      [result](absl::StatusOr<RowBlock> block) {
                                        result->block = std::move(block);
                                        result->done.Notify();
                                      });
  return {std::move(job), std::move(result)};
}

// Position by position: the right rows, classes and features.
inline void ExpectRows(const RowStream& stream, int64_t first_position, int64_t row_count,
                       const absl::StatusOr<RowBlock>& block) {
  ASSERT_TRUE(block.ok()) << block.status();
  ASSERT_EQ(block->rows.size(), static_cast<size_t>(row_count));
  const int64_t feature_dim = stream.program->program().feature_dim();
  for (int64_t i = 0; i < row_count; ++i) {
    const int64_t row = stream.rows.RowAt(first_position + i);
    const stream::TileRow expected = {.seed = stream.stream.seed,
                                      .sample = stream.stream.plan.At(row)};
    ASSERT_EQ(block->rows[i], row);
    ASSERT_EQ(block->class_indices[i], expected.sample.class_index);
    for (int64_t d = 0; d < feature_dim; ++d) {
      ASSERT_EQ(block->features[i * feature_dim + d], FakeFeature(expected, d)) << row;
    }
  }
}

}  // namespace tailcast::engine

#endif  // TAILCAST_TESTS_SERVER_ENGINE_ROW_STREAMS_H_
