#include "server/engine/fair_queue.h"

#include <algorithm>

namespace tailcast::engine {
namespace {

// Below this, callers that have left are not worth looking for.
constexpr size_t kKeptCallers = 64;

// Fewest rows that a caller contributes to a shared tile at a time.
constexpr int64_t kMinShareRows = 16;

// Rows from the job's next one on that lie in the same aligned tile.
int64_t AlignedRun(const RowJob& job, int64_t tile_rows) {
  const int64_t first = job.row_count() - job.untaken();
  const int64_t tile = job.RowAt(first) / tile_rows;
  int64_t count = 1;
  while (count < job.untaken() && job.RowAt(first + count) / tile_rows == tile) ++count;
  return count;
}

}  // namespace

void FairQueue::Push(std::shared_ptr<RowJob> job) {
  queued_rows_ += job->untaken();
  Caller& caller = CallerOf(job->stream().context.caller);
  caller.entries.push_back({.job = std::move(job), .task = nullptr});
}

void FairQueue::Push(std::shared_ptr<Task> task) {
  ++queued_tasks_;
  Caller& caller = CallerOf(task->context.caller);
  caller.entries.push_back({.job = nullptr, .task = std::move(task)});
}

Assignment FairQueue::Next() {
  Assignment assignment;
  DropUnwanted(assignment);
  Caller* const caller = NextCaller(/*program=*/nullptr);
  if (caller == nullptr) return assignment;
  served_seconds_ = std::max(served_seconds_, caller->served_seconds);
  const Entry& entry = caller->entries.front();
  if (entry.task != nullptr) {
    --queued_tasks_;
    assignment.task = entry.task;
    caller->served_seconds += entry.task->estimated_seconds;
    caller->entries.pop_front();
    return assignment;
  }
  assignment.tile = std::make_unique<Tile>();
  assignment.tile->program = entry.job->stream().program;
  FillTile(caller, *assignment.tile);
  return assignment;
}

void FairQueue::Charge(const std::string& caller, double seconds) {
  CallerOf(caller).served_seconds += seconds;
}

Assignment FairQueue::RemoveAll() {
  Assignment assignment;
  for (auto& [name, caller] : callers_) {
    for (Entry& entry : caller.entries) {
      if (entry.job != nullptr) assignment.dropped_jobs.push_back(std::move(entry.job));
      if (entry.task != nullptr) assignment.dropped_tasks.push_back(std::move(entry.task));
    }
  }
  callers_.clear();
  queued_rows_ = 0;
  queued_tasks_ = 0;
  return assignment;
}

double FairQueue::QueuedSeconds() const {
  double seconds = 0.0;
  for (const auto& [name, caller] : callers_) {
    for (const Entry& entry : caller.entries) {
      seconds += entry.task != nullptr ? entry.task->estimated_seconds
                                       : static_cast<double>(entry.job->untaken()) *
                                             entry.job->stream().program->seconds_per_row();
    }
  }
  return seconds;
}

FairQueue::Caller& FairQueue::CallerOf(const std::string& name) {
  if (callers_.size() > kKeptCallers) ForgetIdleCallers();
  Caller& caller = callers_[name];
  if (caller.entries.empty()) {
    caller.served_seconds = std::max(caller.served_seconds, served_seconds_);
  }
  return caller;
}

FairQueue::Caller* FairQueue::NextCaller(const SharedProgram* program) {
  Caller* next = nullptr;
  for (auto& [name, caller] : callers_) {
    if (FirstEntry(caller, program) == caller.entries.size()) continue;
    if (next == nullptr || caller.served_seconds < next->served_seconds) next = &caller;
  }
  return next;
}

size_t FairQueue::FirstEntry(const Caller& caller, const SharedProgram* program) {
  if (program == nullptr) return 0;
  const auto matches = [program](const Entry& entry) {
    return entry.job != nullptr && entry.job->stream().program.get() == program;
  };
  const auto found = std::find_if(caller.entries.begin(), caller.entries.end(), matches);
  return static_cast<size_t>(found - caller.entries.begin());
}

// Before anything is chosen, so that it costs nobody a place.
void FairQueue::DropUnwanted(Assignment& assignment) {
  const auto wanted = [](const Entry& entry) {
    return (entry.job != nullptr ? entry.job->Wanted() : entry.task->context.Wanted()).ok();
  };
  for (auto& [name, caller] : callers_) {
    const auto dropped =
        std::stable_partition(caller.entries.begin(), caller.entries.end(), wanted);
    for (auto entry = dropped; entry != caller.entries.end(); ++entry) {
      if (entry->task != nullptr) {
        --queued_tasks_;
        assignment.dropped_tasks.push_back(std::move(entry->task));
      } else {
        queued_rows_ -= entry->job->untaken();
        assignment.dropped_jobs.push_back(std::move(entry->job));
      }
    }
    caller.entries.erase(dropped, caller.entries.end());
  }
}

// A caller that got more than the others so far stays known, so that it cannot begin anew.
void FairQueue::ForgetIdleCallers() {
  std::erase_if(callers_, [this](const CallerEntry& entry) {
    return entry.second.entries.empty() && entry.second.served_seconds <= served_seconds_;
  });
}

void FairQueue::FillTile(Caller* caller, Tile& tile) {
  const stream::Numerics& numerics = tile.program->numerics();
  const int64_t capacity = numerics.largest_tile();
  if (numerics.invariance == stream::Invariance::kAlignedTile) {
    TakeRows(*caller, 0, AlignedRun(*caller->entries.front().job, capacity), tile);
    return;
  }
  const int64_t share = std::max(kMinShareRows, capacity / CallersWithWork());
  while (caller != nullptr && tile.row_count < capacity) {
    const size_t entry = FirstEntry(*caller, tile.program.get());
    TakeRows(*caller, entry, std::min(share, capacity - tile.row_count), tile);
    caller = NextCaller(tile.program.get());
  }
}

void FairQueue::TakeRows(Caller& caller, size_t entry, int64_t limit, Tile& tile) {
  const std::shared_ptr<RowJob> job = caller.entries[entry].job;
  const int64_t count = std::min(limit, job->untaken());
  const int64_t first = job->Take(count);
  tile.row_count += count;
  queued_rows_ -= count;
  caller.served_seconds += static_cast<double>(count) * tile.program->seconds_per_row();
  TilePiece* const last = tile.pieces.empty() ? nullptr : &tile.pieces.back();
  if (last != nullptr && last->job == job && last->first + last->count == first) {
    last->count += count;
  } else {
    tile.pieces.push_back({.job = job, .first = first, .count = count});
  }
  if (job->untaken() == 0) {
    caller.entries.erase(caller.entries.begin() + static_cast<std::ptrdiff_t>(entry));
  }
}

int64_t FairQueue::CallersWithWork() const {
  return std::count_if(callers_.begin(), callers_.end(),
                       [](const CallerEntry& entry) { return !entry.second.entries.empty(); });
}

}  // namespace tailcast::engine
