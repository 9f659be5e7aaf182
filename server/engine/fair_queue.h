#ifndef TAILCAST_SERVER_ENGINE_FAIR_QUEUE_H_
#define TAILCAST_SERVER_ENGINE_FAIR_QUEUE_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/engine/work.h"

namespace tailcast::engine {

// Rows of one job in a tile.
struct TilePiece {
  std::shared_ptr<RowJob> job;
  int64_t first = 0;  // index in the job
  int64_t count = 0;
};

// Rows of one program that are computed together.
struct Tile {
  std::shared_ptr<const SharedProgram> program;
  // Not empty. With aligned tiles exactly one.
  std::vector<TilePiece> pieces;
  int64_t row_count = 0;
};

// What a worker does next: a tile, a task, or nothing.
struct Assignment {
  std::unique_ptr<Tile> tile;
  std::shared_ptr<Task> task;
  // Work that is not wanted any more, to be ended outside the queue's lock.
  std::vector<std::shared_ptr<RowJob>> dropped_jobs;
  std::vector<std::shared_ptr<Task>> dropped_tasks;

  bool empty() const { return tile == nullptr && task == nullptr; }
};

// Decides who is served next. Start-time fair queueing over callers by cost in worker seconds: the
// caller that got least comes first, whoever was idle starts level with the others; rows of
// other callers of the same program fill the rest of its tile. Within a caller first come, first
// served. A data structure: not thread-safe.
class FairQueue {
 public:
  void Push(std::shared_ptr<RowJob> job);
  void Push(std::shared_ptr<Task> task);

  Assignment Next();

  // Corrects what a caller has got, once it is known what work really took.
  void Charge(const std::string& caller, double seconds);

  // Everything that waits, for shutting down.
  Assignment RemoveAll();

  // Rows that no worker has taken.
  int64_t queued_rows() const { return queued_rows_; }
  int64_t queued_tasks() const { return queued_tasks_; }
  // What waits, in seconds of one worker.
  double QueuedSeconds() const;
  // Callers that it remembers, with work or without: bounded however many come and go.
  size_t known_callers() const { return active_.size() + idle_seconds_.size(); }

 private:
  // Exactly one of the two.
  struct Entry {
    std::shared_ptr<RowJob> job;
    std::shared_ptr<Task> task;
  };
  struct Caller {
    double served_seconds = 0.0;  // virtual time
    std::deque<Entry> entries;
  };

  Caller& Activate(const std::string& name);
  // The caller that got least among those with work [for `program`]; null if there is none.
  Caller* NextCaller(const SharedProgram* program);
  // Index of its first entry [for `program`]; entries.size() if there is none.
  static size_t FirstEntry(const Caller& caller, const SharedProgram* program);
  void DropUnwanted(Assignment& assignment);
  // The caller's first task, or a tile that begins with its first rows.
  void Assign(Caller* caller, Assignment& assignment);
  // Moves callers without work out of the way, and forgets those that have no lead.
  void RetireIdleCallers();
  void ForgetIdleCallers();
  void FillTile(Caller* caller, Tile& tile);
  // Moves up to `limit` rows of an entry into the tile.
  void TakeRows(Caller& caller, size_t entry, int64_t limit, Tile& tile);

  // With work; only within a method some are left without.
  std::map<std::string, Caller> active_;
  // served_seconds of callers without work that got more than the others, so that they cannot begin
  // anew.
  std::map<std::string, double> idle_seconds_;
  // Virtual time of the caller served last: where idle callers begin.
  double served_seconds_ = 0.0;
  int64_t queued_rows_ = 0;
  int64_t queued_tasks_ = 0;
};

}  // namespace tailcast::engine

#endif  // TAILCAST_SERVER_ENGINE_FAIR_QUEUE_H_
