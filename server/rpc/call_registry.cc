#include "server/rpc/call_registry.h"

#include <utility>
#include <vector>

#include "server/rpc/errors.h"
#include "server/rpc/limits.h"

namespace tailcast::rpc {

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

absl::StatusOr<CallRegistry::Ticket> CallRegistry::Admit(bool stream) {
  absl::MutexLock lock(&mu_);
  if (draining_) return Draining(kRetryWhenDraining);
  if (stream && open_streams_ >= max_streams_) {
    return TooManyStreams(max_streams_, kRetryWhenStreamsAreTaken);
  }
  if (stream) ++open_streams_;
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
  if (entry->second.stream) --open_streams_;
  calls_.erase(entry);
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
    for (const auto& [id, entry] : calls_) calls.push_back(entry.call);
  }
  // Not under the lock: the last owner of a call releases its ticket.
  for (const auto& call : calls) {
    if (const auto living = call.lock()) living->End(Draining(kRetryWhenDraining));
  }
}

bool CallRegistry::AwaitIdle(absl::Time deadline) {
  absl::MutexLock lock(&mu_);
  return mu_.AwaitWithDeadline(absl::Condition(this, &CallRegistry::IsIdle), deadline);
}

}  // namespace tailcast::rpc
