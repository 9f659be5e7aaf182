#include "server/engine/fair_queue.h"

#include <algorithm>

namespace tailcast::engine {
namespace {

// Callers without work whose lead is remembered; with more of them all begin level.
constexpr size_t kMaxIdleCallers = 1024;

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
  Caller& caller = Activate(job->stream().context.caller);
  caller.entries.push_back({.job = std::move(job), .task = nullptr});
}

void FairQueue::Push(std::shared_ptr<Task> task) {
  ++queued_tasks_;
  Caller& caller = Activate(task->context.caller);
  caller.entries.push_back({.job = nullptr, .task = std::move(task)});
}

Assignment FairQueue::Next() {
  Assignment assignment;
  DropUnwanted(assignment);
  if (Caller* const caller = NextCaller(/*program=*/nullptr)) Assign(caller, assignment);
  RetireIdleCallers();
  return assignment;
}

void FairQueue::Assign(Caller* caller, Assignment& assignment) {
  served_seconds_ = std::max(served_seconds_, caller->served_seconds);
  const Entry& entry = caller->entries.front();
  if (entry.task != nullptr) {
    --queued_tasks_;
    assignment.task = entry.task;
    caller->served_seconds += entry.task->estimated_seconds;
    caller->entries.pop_front();
    return;
  }
  assignment.tile = std::make_unique<Tile>();
  assignment.tile->program = entry.job->stream().program;
  FillTile(caller, *assignment.tile);
}

void FairQueue::Charge(const std::string& caller, double seconds) {
  Activate(caller).served_seconds += seconds;
  RetireIdleCallers();
}

Assignment FairQueue::RemoveAll() {
  Assignment assignment;
  for (auto& [name, caller] : active_) {
    for (Entry& entry : caller.entries) {
      if (entry.job != nullptr) assignment.dropped_jobs.push_back(std::move(entry.job));
      if (entry.task != nullptr) assignment.dropped_tasks.push_back(std::move(entry.task));
    }
  }
  active_.clear();
  ForgetIdleCallers();
  queued_rows_ = 0;
  queued_tasks_ = 0;
  return assignment;
}

double FairQueue::QueuedSeconds() const {
  double seconds = 0.0;
  for (const auto& [name, caller] : active_) {
    for (const Entry& entry : caller.entries) {
      seconds += entry.task != nullptr ? entry.task->estimated_seconds
                                       : static_cast<double>(entry.job->untaken()) *
                                             entry.job->stream().program->seconds_per_row();
    }
  }
  return seconds;
}

FairQueue::Caller& FairQueue::Activate(const std::string& name) {
  const auto [entry, is_new] = active_.try_emplace(name);
  if (!is_new) return entry->second;
  double& served_seconds = entry->second.served_seconds;
  served_seconds = served_seconds_;
  const auto idle = idle_seconds_.find(name);
  if (idle == idle_seconds_.end()) return entry->second;
  served_seconds = std::max(served_seconds, idle->second);
  idle_seconds_.erase(idle);
  return entry->second;
}

FairQueue::Caller* FairQueue::NextCaller(const SharedProgram* program) {
  Caller* next = nullptr;
  for (auto& [name, caller] : active_) {
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
  for (auto& [name, caller] : active_) {
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
  RetireIdleCallers();
}

void FairQueue::RetireIdleCallers() {
  std::erase_if(active_, [this](const auto& entry) {
    const auto& [name, caller] = entry;
    if (!caller.entries.empty()) return false;
    if (caller.served_seconds > served_seconds_) idle_seconds_[name] = caller.served_seconds;
    return true;
  });
  // A lead over nobody is none.
  if (active_.empty() || idle_seconds_.size() > kMaxIdleCallers) ForgetIdleCallers();
}

// Who comes next begins where the foremost of them stood.
void FairQueue::ForgetIdleCallers() {
  for (const auto& [name, seconds] : idle_seconds_) {
    served_seconds_ = std::max(served_seconds_, seconds);
  }
  idle_seconds_.clear();
}

void FairQueue::FillTile(Caller* caller, Tile& tile) {
  const stream::Numerics& numerics = tile.program->numerics();
  const int64_t capacity = numerics.largest_tile();
  if (numerics.invariance == stream::Invariance::kAlignedTile) {
    TakeRows(*caller, 0, AlignedRun(*caller->entries.front().job, capacity), tile);
    return;
  }
  const auto callers = static_cast<int64_t>(active_.size());
  const int64_t share = std::max(kMinShareRows, capacity / callers);
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

}  // namespace tailcast::engine
