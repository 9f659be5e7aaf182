#include "server/engine/fair_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "server/rpc/caller.h"
#include "tests/server/engine/row_streams.h"

namespace tailcast::engine {
namespace {

// Rows of a tile by caller.
std::map<std::string, int64_t> RowsByCaller(const Tile& tile) {
  std::map<std::string, int64_t> rows;
  for (const TilePiece& piece : tile.pieces) {
    rows[piece.job->stream().context.caller] += piece.count;
  }
  return rows;
}

void Push(FairQueue& queue, std::shared_ptr<const RowStream> stream, int64_t rows) {
  queue.Push(MakeJob(std::move(stream), 0, rows).first);
}

TEST(FairQueueTest, GivesNothingWhenEmpty) {
  FairQueue queue;
  EXPECT_TRUE(queue.Next().empty());
  EXPECT_EQ(queue.queued_rows(), 0);
}

TEST(FairQueueTest, FillsTilesWithOneCallersRowsInOrder) {
  const TestProgram program = MakeProgram();
  FairQueue queue;
  Push(queue, MakeStream(program), 150);

  std::vector<int64_t> counts, firsts;
  for (int i = 0; i < 3; ++i) {
    const Assignment next = queue.Next();
    ASSERT_NE(next.tile, nullptr);
    ASSERT_EQ(next.tile->pieces.size(), 1u);
    counts.push_back(next.tile->row_count);
    firsts.push_back(next.tile->pieces[0].first);
  }

  EXPECT_EQ(counts, (std::vector<int64_t>{64, 64, 22}));
  EXPECT_EQ(firsts, (std::vector<int64_t>{0, 64, 128}));
  EXPECT_TRUE(queue.Next().empty());
  EXPECT_EQ(queue.queued_rows(), 0);
}

TEST(FairQueueTest, RowsOfSeveralStreamsShareATile) {
  const TestProgram program = MakeProgram();
  FairQueue queue;
  for (int i = 0; i < 4; ++i) {
    Push(queue, MakeStream(program, {.caller = std::to_string(i), .seed = i}), 10);
  }

  const Assignment next = queue.Next();

  ASSERT_NE(next.tile, nullptr);
  EXPECT_EQ(next.tile->row_count, 40);
  EXPECT_EQ(next.tile->pieces.size(), 4u);
  EXPECT_TRUE(queue.Next().empty());
}

TEST(FairQueueTest, RowsOfTwoProgramsNeverShareATile) {
  const TestProgram one = MakeProgram(), other = MakeProgram();
  FairQueue queue;
  Push(queue, MakeStream(one), 10);
  Push(queue, MakeStream(other), 10);

  EXPECT_EQ(queue.Next().tile->row_count, 10);
  EXPECT_EQ(queue.Next().tile->row_count, 10);
}

TEST(FairQueueTest, OneCallersManyStreamsGetNoMoreThanAnothersOne) {
  const TestProgram program = MakeProgram();
  FairQueue queue;
  for (int i = 0; i < 64; ++i) Push(queue, MakeStream(program, {.caller = "greedy"}), 1000);
  Push(queue, MakeStream(program, {.caller = "polite"}), 1000);

  std::map<std::string, int64_t> rows;
  for (int tile = 0; tile < 20; ++tile) {
    for (const auto& [caller, count] : RowsByCaller(*queue.Next().tile)) rows[caller] += count;
  }

  EXPECT_EQ(rows["greedy"] + rows["polite"], 20 * 64);
  EXPECT_LE(rows["greedy"], rows["polite"] * 1.1);
}

TEST(FairQueueTest, IsFairByCostNotByRows) {
  const TestProgram cheap = MakeProgram();
  auto fake = std::make_shared<const FakeProgram>();
  const TestProgram dear = {
      .fake = fake,
      .shared = std::make_shared<const SharedProgram>(fake, cheap.shared->numerics(),
                                                      10 * cheap.shared->seconds_per_row())};
  FairQueue queue;
  Push(queue, MakeStream(cheap, {.caller = "cheap"}), 100'000);
  Push(queue, MakeStream(dear, {.caller = "dear"}), 100'000);

  std::map<std::string, double> rows;
  for (int tile = 0; tile < 440; ++tile) {
    for (const auto& [caller, count] : RowsByCaller(*queue.Next().tile)) rows[caller] += count;
  }

  EXPECT_NEAR(rows["cheap"] / rows["dear"], 10.0, 0.5);
}

TEST(FairQueueTest, WhoWasIdleStartsLevelAndSavesNothingUp) {
  const TestProgram program = MakeProgram();
  FairQueue queue;
  Push(queue, MakeStream(program, {.caller = "early"}), 100'000);
  for (int tile = 0; tile < 100; ++tile) queue.Next();
  Push(queue, MakeStream(program, {.caller = "late"}), 100'000);

  std::map<std::string, int64_t> rows;
  for (int tile = 0; tile < 20; ++tile) {
    for (const auto& [caller, count] : RowsByCaller(*queue.Next().tile)) rows[caller] += count;
  }

  EXPECT_NEAR(rows["late"], rows["early"], 64);
}

TEST(FairQueueTest, CallersThatCameForOneTileAreForgotten) {
  const TestProgram program = MakeProgram();
  FairQueue queue;
  for (int i = 0; i < 10'000; ++i) {
    Push(queue, MakeStream(program, {.caller = std::to_string(i)}), 64);
    ASSERT_NE(queue.Next().tile, nullptr);
    ASSERT_EQ(queue.known_callers(), 0u);
  }
}

TEST(FairQueueTest, CallersThatCameForOneTileBesideALongOneAreForgotten) {
  const TestProgram program = MakeProgram();
  FairQueue queue;
  Push(queue, MakeStream(program, {.caller = "long"}), 10'000'000);
  size_t most_known = 0;
  for (int i = 0; i < 10'000; ++i) {
    Push(queue, MakeStream(program, {.caller = std::to_string(i)}), 64);
    ASSERT_NE(queue.Next().tile, nullptr);
    most_known = std::max(most_known, queue.known_callers());
  }
  EXPECT_LT(most_known, 1100u);
}

TEST(FairQueueTest, ALeadIsRememberedWhileOthersWait) {
  const TestProgram program = MakeProgram();
  FairQueue queue;
  Push(queue, MakeStream(program, {.caller = "a"}), 64);
  Push(queue, MakeStream(MakeProgram(), {.caller = "b"}), 10'000);
  queue.Charge("a", 5.5 * 64e-3);
  while (RowsByCaller(*queue.Next().tile).count("a") == 0) {
  }
  Push(queue, MakeStream(program, {.caller = "a"}), 64);  // back at once
  int tiles_between = 0;
  while (RowsByCaller(*queue.Next().tile).count("a") == 0) ++tiles_between;
  EXPECT_EQ(tiles_between, 1);  // its last tile's worth
}

TEST(FairQueueTest, OneHostsManyConnectionsAreOneCaller) {
  const TestProgram program = MakeProgram();
  FairQueue queue;
  Push(queue, MakeStream(program, {.caller = rpc::CallerOf("ipv4:10.0.0.1:40000")}), 100'000);
  for (int port = 40'000; port < 40'064; ++port) {
    const std::string peer = "ipv4:10.0.0.2:" + std::to_string(port);
    Push(queue, MakeStream(program, {.caller = rpc::CallerOf(peer)}), 100'000);
  }

  std::map<std::string, int64_t> rows;
  for (int tile = 0; tile < 100; ++tile) {
    for (const auto& [caller, count] : RowsByCaller(*queue.Next().tile)) rows[caller] += count;
  }

  ASSERT_EQ(rows.size(), 2u);
  EXPECT_NEAR(static_cast<double>(rows["ipv4:10.0.0.1"]) / (100 * 64), 0.5, 0.05);
}

TEST(FairQueueTest, ChargedWorkMakesOthersComeFirst) {
  const TestProgram program = MakeProgram();
  FairQueue queue;
  Push(queue, MakeStream(program, {.caller = "a"}), 10'000);
  Push(queue, MakeStream(MakeProgram(), {.caller = "b"}), 10'000);
  queue.Charge("a", 5 * 64e-3);  // five tiles' worth

  for (int tile = 0; tile < 5; ++tile) {
    EXPECT_EQ(RowsByCaller(*queue.Next().tile).count("b"), 1u) << tile;
  }
}

TEST(FairQueueTest, DropsWhatIsNotWantedBeforeItIsTaken) {
  const TestProgram program = MakeProgram();
  std::stop_source stop;
  FairQueue queue;
  Push(queue, MakeStream(program, {.caller = "a", .stop = stop.get_token()}), 100);
  Push(queue, MakeStream(program, {.caller = "b", .deadline = absl::Now()}), 100);
  Push(queue, MakeStream(program, {.caller = "c"}), 10);
  stop.request_stop();

  const Assignment next = queue.Next();

  EXPECT_EQ(next.dropped_jobs.size(), 2u);
  ASSERT_NE(next.tile, nullptr);
  EXPECT_EQ(next.tile->row_count, 10);
  EXPECT_EQ(queue.queued_rows(), 0);
}

TEST(FairQueueTest, TasksTakeTheirTurn) {
  const TestProgram program = MakeProgram();
  FairQueue queue;
  Push(queue, MakeStream(program, {.caller = "rows"}), 10'000);
  auto task = std::make_shared<Task>();
  task->context.caller = "task";
  task->estimated_seconds = 1.0;
  queue.Push(task);
  queue.Push(task);

  int tiles_between = 0;
  while (queue.Next().task == nullptr) ++tiles_between;
  EXPECT_LE(tiles_between, 1);
  tiles_between = 0;
  while (queue.Next().task == nullptr) ++tiles_between;
  EXPECT_NEAR(tiles_between, 1.0 / 64e-3, 2);
}

TEST(FairQueueTest, AlignedTilesHoldRowsOfOneStreamAndOneTile) {
  const TestProgram program =
      MakeProgram({}, stream::NumericsOf(stream::Invariance::kAlignedTile, {16}));
  FairQueue queue;
  Push(queue, MakeStream(program, {.start_row = 10}), 30);
  Push(queue, MakeStream(program, {.seed = 1}), 8);

  std::vector<int64_t> counts;
  for (Assignment next = queue.Next(); next.tile != nullptr; next = queue.Next()) {
    ASSERT_EQ(next.tile->pieces.size(), 1u);
    counts.push_back(next.tile->row_count);
  }

  EXPECT_EQ(counts, (std::vector<int64_t>{6, 16, 8, 8}));  // rows 10-15, 16-31, 32-39; 0-7
}

TEST(FairQueueTest, SaysHowLongTheWorkTakes) {
  const TestProgram program = MakeProgram();
  FairQueue queue;
  Push(queue, MakeStream(program), 500);
  auto task = std::make_shared<Task>();
  task->estimated_seconds = 2.0;
  queue.Push(task);

  EXPECT_NEAR(queue.QueuedSeconds(), 500 * 1e-3 + 2.0, 1e-9);
  EXPECT_EQ(queue.queued_rows(), 500);
}

}  // namespace
}  // namespace tailcast::engine
