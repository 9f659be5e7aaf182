#include "server/rpc/call_registry.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "server/rpc/errors.h"
#include "server/rpc/limits.h"

namespace tailcast::rpc {
namespace {

// How often the registry looks for stalled calls.
constexpr int kLooksPerTimeout = 10;
constexpr absl::Duration kMaxInterval = absl::Seconds(10);

}  // namespace

CallRegistry::Ticket::Ticket(Ticket&& other) noexcept
    : registry_(std::exchange(other.registry_, nullptr)), id_(other.id_) {}

CallRegistry::Ticket& CallRegistry::Ticket::operator=(Ticket&& other) noexcept {
  std::swap(registry_, other.registry_);
  std::swap(id_, other.id_);
  return *this;
}

CallRegistry::Ticket::~Ticket() {
  if (registry_ != nullptr) registry_->Release(id_);
}

void CallRegistry::Ticket::Endable(std::weak_ptr<EndableCall> call) {
  if (!registry_->SetCall(id_, call)) return;
  if (const auto living = call.lock()) living->End(Draining(kRetryWhenDraining));
}

CallRegistry::CallRegistry(const CallLimits& limits)
    : limits_(limits), watcher_([this] { Watch(); }) {}

CallRegistry::~CallRegistry() {
  {
    absl::MutexLock lock(&mu_);
    stop_watching_ = true;
  }
  watcher_.join();
}

absl::StatusOr<CallRegistry::Ticket> CallRegistry::AdmitStream(const std::string& caller) {
  absl::MutexLock lock(&mu_);
  if (draining_) return Draining(kRetryWhenDraining);
  if (open_streams_ >= limits_.max_streams) {
    return TooManyStreams("max_streams", limits_.max_streams, kRetryWhenStreamsAreTaken);
  }
  const auto [own, is_new] = streams_.try_emplace(caller, 0);
  if (!is_new && own->second >= limits_.max_streams_per_caller) {
    return TooManyStreams("max_streams_per_caller", limits_.max_streams_per_caller,
                          kRetryWhenStreamsAreTaken);
  }
  ++own->second;
  ++open_streams_;
  return Add(own);
}

absl::StatusOr<CallRegistry::Ticket> CallRegistry::AdmitUnary() {
  absl::MutexLock lock(&mu_);
  if (draining_) return Draining(kRetryWhenDraining);
  return Add(streams_.end());
}

CallRegistry::Ticket CallRegistry::Add(StreamCounts::iterator stream) {
  const int64_t id = next_id_++;
  calls_[id].stream = stream;
  return Ticket(this, id);
}

// True if the call must end at once.
bool CallRegistry::SetCall(int64_t id, std::weak_ptr<EndableCall> call) {
  absl::MutexLock lock(&mu_);
  calls_[id].call = std::move(call);
  return draining_;
}

void CallRegistry::Release(int64_t id) {
  absl::MutexLock lock(&mu_);
  const auto entry = calls_.find(id);
  const auto stream = entry->second.stream;
  calls_.erase(entry);
  if (stream == streams_.end()) return;
  --open_streams_;
  if (--stream->second == 0) streams_.erase(stream);
}

int64_t CallRegistry::living() const {
  absl::MutexLock lock(&mu_);
  return static_cast<int64_t>(calls_.size());
}

int64_t CallRegistry::open_streams() const {
  absl::MutexLock lock(&mu_);
  return open_streams_;
}

void CallRegistry::Drain() {
  std::vector<std::weak_ptr<EndableCall>> calls;
  {
    absl::MutexLock lock(&mu_);
    draining_ = true;
    calls = Calls();
  }
  // Not under the lock: the last owner of a call releases its ticket.
  for (const auto& call : calls) {
    if (const auto living = call.lock()) living->End(Draining(kRetryWhenDraining));
  }
}

std::vector<std::weak_ptr<EndableCall>> CallRegistry::Calls() const {
  std::vector<std::weak_ptr<EndableCall>> calls;
  for (const auto& [id, entry] : calls_) calls.push_back(entry.call);
  return calls;
}

void CallRegistry::Watch() {
  const absl::Duration interval = std::min(limits_.idle_timeout / kLooksPerTimeout, kMaxInterval);
  while (true) {
    std::vector<std::weak_ptr<EndableCall>> calls;
    {
      absl::MutexLock lock(&mu_);
      if (mu_.AwaitWithTimeout(absl::Condition(&stop_watching_), interval)) return;
      calls = Calls();
    }
    // Not under the lock, as in Drain().
    for (const auto& call : calls) {
      if (const auto living = call.lock()) living->EndIfStalled(absl::Now(), limits_.idle_timeout);
    }
  }
}

bool CallRegistry::AwaitIdle(absl::Time deadline) {
  absl::MutexLock lock(&mu_);
  return mu_.AwaitWithDeadline(absl::Condition(this, &CallRegistry::IsIdle), deadline);
}

}  // namespace tailcast::rpc
